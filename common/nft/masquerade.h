#pragma once

#include <vector>

#include "base/ip.h"
#include "base/owner.h"
#include "nft/owned_set.h"

/// Masquerading of what containers send out of their network.
///
///     table inet patchbay {
///       map masquerade4 { type ipv4_addr : verdict; }    # one element an address
///       map masquerade6 { type ipv6_addr : verdict; }
///       chain postrouting {
///         type nat hook postrouting priority srcnat
///         ip saddr vmap @masquerade4
///         ip6 saddr vmap @masquerade6
///       }
///       chain net_<hash> {                               # one a network and subnet
///         ip daddr <subnet> return
///         ip daddr 224.0.0.0/4 return
///         masquerade
///       }
///     }
///
/// A container costs one map element, and a packet one look-up, however many containers there are.
namespace patchbay::nft {

/// Masquerades `address`, which belongs to `owner`, towards everything outside its prefix and
/// multicast. Whatever was there for this address is replaced. Throws SystemError.
void add_masquerade(Connection& connection, const Owner& owner, const IpPrefix& address);

/// Removes the elements of `owner` for these addresses. An address that belongs to somebody else by
/// now is left alone. The subnet's chain stays, like the bridge: the next container needs it.
void remove_masquerade(
    Connection& connection, const Owner& owner, const std::vector<IpPrefix>& addresses);
/// The same when the addresses are not known: they are found by the owner's mark.
void remove_masquerade(Connection& connection, const Owner& owner);
/// Removes the elements whose label `stale` chooses.
void remove_masquerade_if(
    Connection& connection, const std::function<bool(const std::string& label)>& stale);

/// Throws Error{check_failed} saying what is missing of what add_masquerade() promised.
void check_masquerade(Connection& connection, const Owner& owner, const IpPrefix& address);

}  // namespace patchbay::nft
