#pragma once

#include <vector>

#include "base/ip.h"
#include "base/owner.h"
#include "nft/owned_set.h"

/// Masquerading of what containers send out of their network.
///
///     table inet patchbay {
///       set net_<hash> { type ipv4_addr; }               # one a network and subnet,
///       chain net_<hash> {                               # one element an address
///         ip daddr <subnet> return
///         ip daddr 224.0.0.0/4 return
///         masquerade
///       }
///       chain postrouting {
///         type nat hook postrouting priority srcnat
///         ip saddr @net_<hash> goto net_<hash>
///       }
///     }
///
/// A container costs one element, and the first packet of a connection one look-up for each
/// network, however many containers there are. The elements carry no verdict: whenever one with a
/// verdict comes, the kernel goes through all of its set (net/netfilter/nf_tables_api.c:
/// nft_table_validate), which takes half a millisecond with 2,000.
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
