#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cni/version.h"

namespace patchbay::runner {

/// The configuration of a network: plugins that are executed in turn, as libcni reads it out of a
/// conflist, or out of the configuration of a single plugin.
struct NetworkList {
  std::string name;
  cni::Version version = cni::Version::newest();  ///< The newest that it offers and we know.
  bool check_disabled = false;
  bool gc_disabled = false;
  /// As written: JSON objects with a "type".
  std::vector<std::shared_ptr<const nlohmann::json>> plugins;
  /// Where a plugin's configuration stands.
  struct Origin {
    std::string file;
    std::string path;  ///< "plugins[0]"; empty in a file of its own.

    /// `key` of the plugin, as a path in `file`; the plugin itself for an empty one.
    [[nodiscard]] std::string path_of(const std::string& key) const;
  };
  std::vector<Origin> origins;  ///< Of each plugin.
  std::string file;             ///< Where the list was read.
  std::string bytes;            ///< A conflist that says all of this, for the cache.

  /// "type" of a plugin.
  [[nodiscard]] const std::string& type(std::size_t plugin) const;
};

/// Reads the conflist `bytes` that came from `file`. Plugins in files of their own are looked for
/// in `directory`, in the folder of the network's name; nowhere when it is empty. Throws
/// Error{decoding_failure, invalid_config, incompatible_version} beginning with file, line and
/// column.
NetworkList parse_conflist(
    const std::string& bytes, const std::string& file, const std::string& directory);

/// Reads `file`: a conflist, or a single plugin's configuration when it ends in .conf or .json.
/// Throws as parse_conflist(), and SystemError when it cannot be read.
NetworkList read_network_list(const std::string& file);

/// What is in a configuration directory.
struct Catalogue {
  std::vector<NetworkList> networks;  ///< In the order libcni looks at them.
  std::vector<std::string> faults;    ///< What could not be read, file and place named.
};

/// Reads every file of `directory` that libcni would look at. Throws SystemError when `directory`
/// cannot be read.
Catalogue list_networks(const std::string& directory);

/// The first network in `directory` that is called `name`; a file that cannot be read is passed
/// over with a warning. Throws Error{invalid_config} when there is none, and SystemError.
NetworkList get_network(const std::string& directory, const std::string& name);

}  // namespace patchbay::runner
