#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/types.h"
#include "netlink/socket.h"

namespace patchbay::nl {

/// A lifetime without end.
inline constexpr std::uint32_t kForever = 0xffff'ffff;

/// How an address is put on a link.
struct AddressSpec {
  IpPrefix address;
  bool skip_dad = true;      ///< IPv6: usable at once, no duplicate address detection.
  bool prefix_route = true;  ///< The kernel makes the route to the prefix.
  bool broadcast = true;     ///< IPv4: the prefix's broadcast address too, if it has more than 2.
  std::uint8_t scope = 0;    ///< RT_SCOPE_*; the kernel decides on that of IPv6 addresses.
  std::string label{};       ///< IPv4; empty: the link's name.
  std::optional<IpAddr> peer{};      ///< The other end of a point-to-point link.
  std::uint32_t metric = 0;          ///< Of the prefix route; 0: the kernel's default.
  std::uint32_t valid_s = kForever;  ///< Seconds from now.
  std::uint32_t preferred_s = kForever;
};

struct Address {
  IpPrefix prefix;
  std::uint8_t scope;       ///< RT_SCOPE_*
  bool tentative = false;   ///< IPv6: duplicate address detection has not ended.
  bool duplicate = false;   ///< IPv6: it has, and somebody else has the address.
  bool broadcast = false;   ///< IPv4: it comes with a broadcast address.
  std::uint32_t flags = 0;  ///< IFA_F_*
  std::string label{};      ///< IPv4
  std::optional<IpAddr> peer{};
  std::uint32_t metric = 0;
  std::uint32_t valid_s = kForever;
  std::uint32_t preferred_s = kForever;
};

/// Adds an address. False when the link has exactly this one already. `what` names the link in
/// messages.
bool add_address(Socket& socket, IfIndex link, const AddressSpec& spec, std::string_view what);
/// The same, but a refusal is returned; EEXIST when the link has it already.
Refusal try_add_address(Socket& socket, IfIndex link, const AddressSpec& spec);

/// False when the address was already gone.
bool delete_address(Socket& socket, IfIndex link, const IpPrefix& address, std::string_view what);

/// All addresses of one link, IPv4 before IPv6, in kernel order; none when the link is gone.
std::vector<Address> list_addresses(Socket& socket, IfIndex link);

}  // namespace patchbay::nl
