#pragma once

#include <optional>
#include <string>
#include <vector>

namespace patchbay::bench {

struct Options {
  std::string ours;                           ///< Directories, as in CNI_PATH.
  std::string peer{"/usr/lib/cni:/usr/bin"};  ///< Directories, as in CNI_PATH.
  std::string rows;                           ///< See matching_rows(); empty: all.
  std::string json;                           ///< File to write; empty: none.
  std::vector<unsigned> attached;             ///< Empty: as each row has it.
  unsigned rounds = 20;
};

/// Nullopt when only the help was wanted, which has been printed then.
/// Throws Error{invalid_config} naming the option that is wrong.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace patchbay::bench
