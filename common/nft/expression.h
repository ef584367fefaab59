#pragma once

#include <cstdint>
#include <string_view>

#include "base/ip.h"
#include "netlink/message.h"

/// The nf_tables expressions our rules are made of, each appended to a NFTA_RULE_EXPRESSIONS nest.
/// Values travel through register 1.
namespace patchbay::nft {

/// Continue only for packets of one address family ("meta nfproto ipv4").
void match_family(nl::Message& rule, bool v6);
/// Continue only when the destination is inside `prefix` ("ip daddr 10.1.0.0/16").
void match_destination(nl::Message& rule, const IpPrefix& prefix);
/// Continue only for frames that come in through a link of `group` ("iifgroup 7").
void match_input_group(nl::Message& rule, std::uint32_t group);
/// Load the source address into register 1 ("ip saddr").
void load_source(nl::Message& rule, bool v6);
/// Load "iifname . ether saddr" into registers 1 and following.
void load_input_and_mac(nl::Message& rule);
/// Continue only when register 1 is in the set, or is not.
void in_set(nl::Message& rule, std::string_view set);
void not_in_set(nl::Message& rule, std::string_view set);
void go_to(nl::Message& rule, std::string_view chain);
void return_to_caller(nl::Message& rule);
void drop(nl::Message& rule);
void masquerade(nl::Message& rule);

}  // namespace patchbay::nft
