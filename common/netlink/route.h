#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "base/types.h"
#include "netlink/socket.h"

namespace patchbay::nl {

/// A unicast route through one link. 0 and absence mean "the kernel's default".
struct Route {
  IpPrefix dst;
  std::optional<IpAddr> gw{};
  std::optional<IpAddr> src{};          ///< Preferred source address.
  std::uint32_t priority = 0;           ///< Metric.
  std::uint32_t table = 0;              ///< 0: main.
  std::optional<std::uint8_t> scope{};  ///< RT_SCOPE_*; chosen as iproute2 does when absent.
  std::uint32_t mtu = 0;
  std::uint32_t advmss = 0;
  std::uint8_t protocol = 0;  ///< RTPROT_*; 0 on adding: boot, as iproute2 does.
  bool onlink = false;        ///< The gateway need not be in a prefix of the link.
};

/// Adds `route` through `link`, beside others to the same destination. False when exactly this one
/// is there already.
bool add_route(Socket& socket, IfIndex link, const Route& route, std::string_view what);
/// The same, but a refusal is returned; EEXIST when exactly this one is there already.
Refusal try_add_route(Socket& socket, IfIndex link, const Route& route);
/// False when it was already gone.
bool delete_route(Socket& socket, IfIndex link, const Route& route, std::string_view what);
/// The same, but a refusal is returned.
Refusal try_delete_route(Socket& socket, IfIndex link, const Route& route);
/// Deletes the route to all multicast destinations that the kernel gives every IPv6 link that is
/// up. False when there was none.
bool delete_multicast_route(Socket& socket, IfIndex link);
/// The unicast routes through `link` in every table but local.
std::vector<Route> list_routes(Socket& socket, IfIndex link);
/// The route of that kind that a packet to `address` takes; nullopt when it takes another. Costs
/// the same however many routes there are: to list those of one link, the kernel goes through all.
std::optional<Route> find_route(Socket& socket, IfIndex link, const IpAddr& address);

/// True when packets to `address` are for this namespace itself.
bool is_local(Socket& socket, const IpAddr& address);

/// True when the namespace forwards packets of one family (its default for all links). One query,
/// however many links there are; opening the sysctl costs more with every namespace on the machine.
bool is_forwarding(Socket& socket, bool v6);

/// The link that a packet to an address nobody owns would leave by: that of the default route,
/// IPv4 before IPv6, found by two look-ups and no dump. Nullopt when there is no default route.
std::optional<IfIndex> find_default_link(Socket& socket);

}  // namespace patchbay::nl
