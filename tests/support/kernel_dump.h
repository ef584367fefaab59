#pragma once

#include <string>
#include <vector>

/// What the kernel holds for the network namespace that the calling thread is in, a line each and
/// sorted. Attributes are told by number, their values as text where they are text. What the kernel
/// counts or does in its own time (timers, carrier, interface numbers, statistics, IPv6 link-local
/// addresses) is left out.
namespace patchbay::test {

/// Links with all their attributes, their own sysctls among them, and addresses.
std::vector<std::string> links_and_addresses();
/// Routes of all tables, but those that come and go with the carrier.
std::vector<std::string> routes();
/// Routing rules, permanent neighbours and forwarding entries, and queueing disciplines.
std::vector<std::string> rules_neighbours_and_qdiscs();
/// nftables, handles and counters left out.
std::vector<std::string> nft_ruleset();

}  // namespace patchbay::test
