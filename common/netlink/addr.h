#pragma once

#include <cstdint>
#include <vector>

#include "base/ip.h"
#include "base/types.h"
#include "netlink/socket.h"

namespace patchbay::nl {

/// How an address is put on a link.
struct AddressSpec {
  IpPrefix address;
  bool skip_dad = true;      ///< IPv6: usable at once, no duplicate address detection.
  bool prefix_route = true;  ///< The kernel makes the route to the prefix.
  bool broadcast = true;     ///< IPv4: the prefix's broadcast address too, if it has more than 2.
};

struct Address {
  IpPrefix prefix;
  std::uint8_t scope;       ///< RT_SCOPE_*
  bool tentative = false;   ///< IPv6: duplicate address detection has not ended.
  bool duplicate = false;   ///< IPv6: it has, and somebody else has the address.
  bool broadcast = false;   ///< IPv4: it comes with a broadcast address.
  std::uint32_t flags = 0;  ///< IFA_F_*
};

/// Adds an address. False when the link has exactly this one already. `what` names the link in
/// messages.
bool add_address(Socket& socket, IfIndex link, const AddressSpec& spec, std::string_view what);

/// False when the address was already gone.
bool delete_address(Socket& socket, IfIndex link, const IpPrefix& address, std::string_view what);

/// All addresses of one link, IPv4 before IPv6, in kernel order; none when the link is gone.
std::vector<Address> list_addresses(Socket& socket, IfIndex link);

}  // namespace patchbay::nl
