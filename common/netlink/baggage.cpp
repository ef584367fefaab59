#include "netlink/baggage.h"

#include <algorithm>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

namespace patchbay::nl {

namespace {

bool is_automatic(const Address& address) {
  return address.prefix.is_v6() &&
         (address.scope == RT_SCOPE_LINK || (address.flags & IFA_F_TEMPORARY) != 0);
}

AddressSpec spec_of(const Address& address, const Link& link) {
  return {
      .address = address.prefix,
      .prefix_route = (address.flags & IFA_F_NOPREFIXROUTE) == 0,
      .broadcast = address.broadcast,
      .scope = address.scope,
      .label = address.label == link.name.str() ? "" : address.label,
      .peer = address.peer,
      .metric = address.metric,
      .valid_s = address.valid_s,
      .preferred_s = address.preferred_s};
}

}  // namespace

Baggage list_baggage(Socket& socket, const Link& link) {
  Baggage baggage{{}, list_routes(socket, link.index)};
  for (const auto& address : list_addresses(socket, link.index)) {
    if (!is_automatic(address)) {
      baggage.addresses.push_back(spec_of(address, link));
    }
  }
  // The kernel lists IPv6 addresses newest first.
  const auto v6 =
      std::find_if(baggage.addresses.begin(), baggage.addresses.end(), [](const AddressSpec& spec) {
        return spec.address.is_v6();
      });
  std::reverse(v6, baggage.addresses.end());
  std::erase_if(baggage.routes, [](const Route& route) { return route.protocol == RTPROT_KERNEL; });
  // Routes without gateway first: the gateways of the others may be reached through them.
  std::stable_partition(
      baggage.routes.begin(), baggage.routes.end(), [](const Route& route) { return !route.gw; });
  return baggage;
}

}  // namespace patchbay::nl
