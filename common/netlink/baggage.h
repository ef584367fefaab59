#pragma once

#include <vector>

#include "netlink/addr.h"
#include "netlink/link.h"
#include "netlink/route.h"

namespace patchbay::nl {

/// What a link carries and loses when it leaves its namespace or joins a bridge: everything but
/// what the kernel makes by itself, which is IPv6 link-local and temporary addresses and the
/// prefixes' routes.
struct Baggage {
  /// As they are to be put back, in this order: lifetimes go on from now, and IPv6 addresses can be
  /// used at once.
  std::vector<AddressSpec> addresses;
  /// In an order in which they can be added.
  std::vector<Route> routes;
};

Baggage list_baggage(Socket& socket, const Link& link);

}  // namespace patchbay::nl
