#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/owner.h"
#include "base/unique_fd.h"

namespace patchbay::runner {

/// What is remembered about an attachment between ADD and DEL.
struct CacheEntry {
  Owner owner;
  std::string netns{};                                          ///< CNI_NETNS; may be empty.
  std::vector<std::pair<std::string, std::string>> cni_args{};  ///< CNI_ARGS
  std::string capabilities{};  ///< Capability arguments, the JSON text of an object; or empty.
  std::string config{};        ///< The conflist that ADD was done with; or empty.
  std::string result{};        ///< JSON text; empty when ADD was killed before its end.
};

/// libcni's cache, in its format and under its names: <directory>/results/<network>-<id>-<ifname>.
/// A file appears and changes atomically, so a kill leaves the old state or the new.
class Cache {
 public:
  explicit Cache(std::string directory) : directory_{std::move(directory)} {}

  /// Nullopt when there is none. A result alone, as old libcni left it, is an entry too. Throws
  /// Error{decoding_failure} naming a file that nobody can read, Error{invalid_config} for one that
  /// is another owner's, which happens to have this name, and SystemError.
  [[nodiscard]] std::optional<CacheEntry> find(const Owner& owner) const;
  /// Throws SystemError.
  void save(const CacheEntry& entry) const;
  /// Also removes what a save() that was killed has left. False when there was no entry of this
  /// owner. Throws SystemError.
  [[nodiscard]] bool remove(const Owner& owner) const;
  /// Removes what save()s that were killed have left of a network. None may be under way. Throws
  /// SystemError.
  void remove_drafts(const std::string& network) const;

  struct Listing {
    std::vector<CacheEntry> entries;  ///< By file name.
    std::vector<std::string> faults;  ///< What could not be read, with the file's name.
  };
  /// Everything in it; nothing when there is no cache yet. Throws SystemError.
  [[nodiscard]] Listing list() const;

  /// The file of an attachment.
  [[nodiscard]] std::string path_of(const Owner& owner) const;
  /// Opens (see state::open_file), and makes when it is missing, a file of a directory beside the
  /// results, where there is what libcni has no place for. Throws SystemError.
  [[nodiscard]] UniqueFd ensure_own_file(const std::string& name) const;

 private:
  [[nodiscard]] std::string results() const { return directory_ + "/results"; }
  [[nodiscard]] std::string own() const { return directory_ + "/patchbay"; }

  std::string directory_;
};

/// "K=V;K=V", as CNI_ARGS has it.
std::string joined_args(const std::vector<std::pair<std::string, std::string>>& args);

}  // namespace patchbay::runner
