#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/owner.h"
#include "patchbay/attachment.h"
#include "patchbay/cache.h"
#include "patchbay/network_list.h"

namespace patchbay::runner {

/// Where things are.
struct Site {
  std::string conf_dir;               ///< Conflists.
  std::string plugin_path;            ///< CNI_PATH
  std::string cache_dir;              ///< libcni's cache.
  std::chrono::milliseconds timeout;  ///< Of each plugin's execution, and of waiting for a lock.
};

/// Runs the plugins of networks, as libcni does: the verbs of the CNI spec for whole networks.
///
/// What an ADD was done with is kept in the cache, and DEL and CHECK use that: a conflist that has
/// changed, is broken or gone does not keep an attachment from being detached.
class Runner {
 public:
  explicit Runner(Site site) : site_{std::move(site)}, cache_{site_.cache_dir} {}

  /// ADD by every plugin in turn. Returns the result, the JSON text of the last one. What fails is
  /// undone: DEL by the plugins that have run, the failing one included unless it has touched
  /// nothing. An attachment that is there already is refused; one that is left over from a
  /// namespace that is gone is detached first. Throws Error.
  [[nodiscard]] std::string add(const Attachment& attachment) const;
  /// DEL by every plugin, in reverse. A plugin that fails does not keep the others from running;
  /// all failures are in the Error that is thrown, and the cache entry stays.
  void del(const Attachment& attachment) const;
  /// CHECK by every plugin. Throws Error, also for an attachment that the cache does not know.
  /// False when the network has disabled it.
  [[nodiscard]] bool check(const Attachment& attachment) const;
  /// STATUS of every plugin. Throws the first Error.
  void status(const std::string& network) const;
  /// DEL of every attachment of `network` that the cache knows and that is not in `keep`, then GC
  /// by every plugin. Without `keep` nothing is kept, and plugins are not told which attachments
  /// are valid. Goes on past failures, then throws one Error with all of them. False when the
  /// network has disabled it.
  [[nodiscard]] bool gc(
      const std::string& network, const std::optional<std::vector<Owner>>& keep) const;

  [[nodiscard]] const Cache& cache() const noexcept { return cache_; }
  [[nodiscard]] const Site& site() const noexcept { return site_; }

 private:
  struct Known;  // an attachment with what the cache knows about it

  void require_known(const Attachment& attachment) const;
  [[nodiscard]] Known recall(const Attachment& attachment) const;
  void detach(const Known& known) const;
  void run_del(const Known& known) const;
  void clear_left_over(const Attachment& attachment) const;
  [[nodiscard]] std::string run_add(const NetworkList& list, const CacheEntry& entry) const;
  void collect(const NetworkList& list, const std::optional<std::vector<Owner>>& keep) const;

  Site site_;
  Cache cache_;
};

}  // namespace patchbay::runner
