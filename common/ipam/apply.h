#pragma once

#include <vector>

#include "cni/result.h"
#include "netlink/link.h"
#include "netlink/route.h"
#include "netns/netns.h"

/// What becomes of an IPAM plugin's answer inside the container, and CHECK of the same.
namespace patchbay::ipam {

struct ApplyOptions {
  bool detect_duplicates = false;  ///< IPv6 DAD: the addresses are usable only 1 to 2 s later.
  bool prefix_routes = true;       ///< The kernel makes the routes to the addresses' prefixes.
  bool arp_notify = false;         ///< IPv4: the link announces its address when it comes up.
};

/// True when there is an IPv6 address among those of `result`.
bool has_v6(const cni::Result& result);

/// Sets what IPv6 needs before the first address, when `result` has IPv6 addresses or duplicates
/// are to be detected: DAD on, and IPv6 itself on. DAD is not switched off for the link: addresses
/// of `result` do without it one by one (nl::AddressSpec), and the kernel's own link-local address
/// goes through it at a random moment within a second. Without that, all the multicast packets that
/// announce the address would go out, to every port of a bridge, in the middle of ADD.
void prepare_ipv6(
    const netns::Netns& ns,
    const IfName& ifname,
    const cni::Result& result,
    const ApplyOptions& options);

/// Gives `link` the addresses of `result` and sets it up. Stops at the first refusal: what was
/// already given goes away with the link, so the caller records no undo step for it.
void apply_addresses(
    nl::Socket& socket,
    const nl::Link& link,
    const cni::Result& result,
    const ApplyOptions& options);

/// All that follows from `result` in the container: prepare_ipv6(), apply_addresses() and
/// apply_routes().
void configure(
    nl::Socket& socket,
    const netns::Netns& ns,
    const nl::Link& link,
    const cni::Result& result,
    const ApplyOptions& options);

/// Waits, told by the kernel, until duplicate address detection has ended for every IPv6 address of
/// `link`. Throws Error{kernel} when an address is somebody else's, or after 10 seconds.
void await_duplicate_detection(nl::Socket& socket, const netns::Netns& ns, const nl::Link& link);

/// Waits, told by the kernel, until `ns` (nullptr: the calling thread's namespace) takes in what is
/// sent to the IPv6 ones of `addresses`: the kernel completes an address in its own time, a moment
/// after it was added. Gives up with a warning after a second. Nothing is waited for without IPv6,
/// and seldom anything with it.
void await_addresses(
    nl::Socket& socket, const netns::Netns* ns, const std::vector<IpAddr>& addresses);
/// What to wait for: in the container, and on the host if the gateways are there.
std::vector<IpAddr> addresses_of(const cni::Result& result);
std::vector<IpAddr> gateway_addresses_of(const cni::Result& result);

/// Adds the routes of `result`: a route without gateway takes that of the first address of its
/// family, if there is one. A gateway outside every prefix is taken to be on the link.
void apply_routes(nl::Socket& socket, const nl::Link& link, const cni::Result& result);

/// The kernel's form of one route of `result`.
nl::Route route_of(const cni::Route& route, const cni::Result& result);

}  // namespace patchbay::ipam
