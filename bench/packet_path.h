#pragma once

#include <string>
#include <vector>

#include "progress.h"

namespace patchbay::bench {

/// What a container pays for being masqueraded beside others.
struct PacketPath {
  std::string rules;                 ///< Whose rules they are.
  unsigned entries = 0;              ///< Containers that are masqueraded.
  std::vector<double> connect_us{};  ///< connect(2) by TCP to a host outside, of each connection.
  std::vector<double> gigabits{};    ///< Per second, of one TCP connection; each a fraction of 1 s.
};

/// True when `pattern` (see matching_rows()) means this, too: it is called "packet path".
bool matches_packet_path(const std::string& pattern);

/// Our nftables rules, made as the plugin makes them, and the iptables rules that the reference
/// makes, each with few and with many containers, packets through all of them in turns. In hosts of
/// its own, from a container that is the last of its rules. Throws Error, SystemError.
std::vector<PacketPath> measure_packet_paths(Progress& progress);

}  // namespace patchbay::bench
