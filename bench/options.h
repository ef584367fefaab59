#pragma once

#include <optional>
#include <string>
#include <vector>

namespace patchbay::bench {

/// Whom we are compared with.
struct Peer {
  std::string name;
  std::string path;  ///< Directories, as in CNI_PATH.
};

struct Options {
  std::string ours;                ///< Directories, as in CNI_PATH.
  std::vector<Peer> peers;         ///< The first is the one that goals are about.
  std::string rows;                ///< See matching_rows(); empty: all.
  std::string json;                ///< File to write; empty: none.
  std::string curves;              ///< File for gnuplot to write; empty: none.
  std::vector<unsigned> attached;  ///< Empty: as each row has it.
  unsigned rounds = 8;
};

/// Nullopt when only the help was wanted, which has been printed then.
/// Throws Error{invalid_config} naming the option that is wrong.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace patchbay::bench
