#pragma once

#include <optional>
#include <vector>

#include "base/ip.h"
#include "base/types.h"
#include "netlink/link.h"

/// Frames that leave a container under an address that is not its own are dropped at the host's end
/// of its veth pair, by an XDP program: the first thing that sees them, whether a kernel or a
/// userspace datapath (which listens by packet sockets, before any nftables hook) comes after. The
/// program is the link's own: it stays when daemons restart and goes with the link.
namespace patchbay::xdp {

struct Guard {
  MacAddr mac;                                       ///< The container's own.
  bool hold_mac = false;                             ///< Frames must come from it.
  std::optional<std::vector<IpPrefix>> addresses{};  ///< Absent: any; the prefix does not matter.
};

/// Lets `port` take what `guard` allows, and nothing else; replaces the guard that it has.
///
/// With addresses, IPv4 and IPv6 sources and what ARP and neighbour advertisements claim are held
/// to them; a container may besides ask for an address (DHCP, ARP probes, duplicate address
/// detection), and use the link-local address that its MAC address gives it. VLAN tags are passed
/// over. Throws SystemError.
void set_guard(nl::Socket& host, const nl::Link& port, const Guard& guard);

/// Throws Error{check_failed} unless `port` has exactly this guard.
void check_guard(const nl::Link& port, const Guard& guard);

}  // namespace patchbay::xdp
