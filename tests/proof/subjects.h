#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace patchbay::test {

/// Who gives the addresses: host-local linked into the plugin, or the same one executed.
enum class Ipam { linked, executed };

/// An executable under proof. Everything in tests/proof is done with every subject.
struct Subject {
  const char* name;        ///< In the names of tests.
  const char* program;     ///< A plugin, an IPAM plugin, or "patchbay".
  nlohmann::json network;  ///< The plugin's configuration, without name and version.
  Ipam ipam = Ipam::linked;
  const char* preparation = "";             ///< Shell commands: what the administrator provides.
  std::vector<std::string> shared_links{};  ///< Stay on the host for the next container.
  bool needs_switch = false;                ///< A running Open vSwitch with the bridge "ovs1".
  bool needs_vlan_filtering = false;
};
void PrintTo(const Subject& subject, std::ostream* out);

const std::vector<Subject>& subjects();

}  // namespace patchbay::test
