#pragma once

#include <cstdint>
#include <string>

#include "base/ip.h"
#include "netns/netns.h"

/// Frames with a VLAN tag through "eth0" of a namespace; the kernel may have no VLAN devices to do
/// so.
namespace patchbay::test {

/// Asks in VLAN `vlan` who has `address`. True when somebody answers within a second.
bool answers_arp(const netns::Netns& ns, std::uint16_t vlan, const IpAddr& address);

/// Broadcasts from `sender` in VLAN `vlan`. True when `receiver` gets it within a second, with the
/// same tag.
bool passes_tagged(const netns::Netns& sender, const netns::Netns& receiver, std::uint16_t vlan);

}  // namespace patchbay::test
