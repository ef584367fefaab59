#pragma once

#include <cstdint>
#include <string>

#include "base/ip.h"
#include "netns/netns.h"

namespace patchbay::test {

/// Asks, in frames tagged with `vlan` through eth0 of `ns`, who has `address` (the kernel may have
/// no VLAN devices to do so). True when somebody answers within a second.
bool answers_arp(const netns::Netns& ns, std::uint16_t vlan, const IpAddr& address);

}  // namespace patchbay::test
