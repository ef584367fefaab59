#pragma once

#include <optional>
#include <vector>

#include "netlink/link.h"

namespace patchbay::nl {

struct BridgeSpec {
  IfName name;
  Mtu mtu{};  ///< 0: the kernel's default.
  bool vlan_filtering = false;
};

/// The bridge `spec.name`, made now (up, with a MAC address of its own that no port changes) or
/// found. False in `created` when it was there; nothing about it is then changed.
/// Throws Error{invalid_config} when the name is taken by another kind of link.
struct FoundBridge {
  Link link;
  bool created;
};
FoundBridge ensure_bridge(Socket& socket, const BridgeSpec& spec);

void set_vlan_filtering(Socket& socket, const Link& bridge, bool on);

void set_port(Socket& socket, const Link& port, const PortState& state);

/// Inclusive.
struct VlanRange {
  std::uint16_t first;
  std::uint16_t last;
  bool native = false;  ///< PVID, leaves untagged. Such a range holds one id.

  friend bool operator==(const VlanRange&, const VlanRange&) = default;
};

/// Adds all `ranges` to a bridge port by one request, each range as a range.
void add_vlans(Socket& socket, const Link& port, const std::vector<VlanRange>& ranges);
/// Ids that the port does not have are passed over.
void delete_vlans(Socket& socket, const Link& port, const std::vector<VlanRange>& ranges);
/// The port's VLANs, ascending, neighbours joined.
std::vector<VlanRange> list_vlans(Socket& socket, const Link& port);

}  // namespace patchbay::nl
