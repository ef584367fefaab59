#pragma once

#include <string>
#include <utility>
#include <vector>

#include "netns/netns.h"

namespace patchbay::bench {

/// Leaves the machine behind: a network and a mount namespace of our own, with /run and
/// /var/lib/cni empty. Nothing that follows can reach the machine's network. Throws SystemError.
void enter_sandbox();

/// A network namespace with a path, empty but for its loopback.
///
/// No descriptor is kept: every process that is started gets a copy of the descriptor table first
/// and closes it again, and with a thousand entries that takes 0.2 ms of what is measured.
class Namespace {
 public:
  /// Made at /run/netns/`name`. Throws SystemError.
  explicit Namespace(const std::string& name);
  Namespace(Namespace&& other) noexcept : path_{std::exchange(other.path_, {})} {}
  Namespace& operator=(Namespace&&) = delete;
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;
  ~Namespace();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] netns::Netns open() const { return netns::Netns::open(path_); }

 private:
  std::string path_;  ///< Empty when moved from.
};

/// A link called `name` on `host`: one end of a veth pair, both ends up.
void add_device(const Namespace& host, const std::string& name);

/// Destroys "hosts" with all their links and returns when the kernel has finished, so that its
/// work does not disturb what is measured next.
void destroy(std::vector<Namespace> hosts);

/// Containers, made once and used by one row after the other: a link that goes takes its addresses
/// and routes along.
class ContainerPool {
 public:
  /// Makes sure that there are `count` of them at least.
  void grow_to(std::size_t count);
  /// The next one that this row has not used yet; there must be one.
  const Namespace& take();
  /// All are free again.
  void rewind() { next_ = 0; }

 private:
  std::vector<Namespace> containers_;
  std::size_t next_ = 0;
};

}  // namespace patchbay::bench
