#pragma once

#include <string>

#include <gtest/gtest.h>

namespace patchbay::test {

/// Everything of the host that a plugin could leave behind, as text to compare: links, addresses,
/// routes of all tables, rules, permanent neighbours, nftables, forwarding sysctls, pinned
/// namespaces and all files below /var/lib/cni. What the kernel counts or does in its own time
/// (timers, carrier, interface numbers, IPv6 link-local addresses) is left out, and so is where
/// host-local goes on searching.
std::string dump();

/// A predicate for gtest: dump() is what `before` was. Prints the lines that differ.
testing::AssertionResult is_unchanged(const std::string& before);
/// A predicate for gtest: `after` is what `before` was. Prints the lines that differ.
testing::AssertionResult is_same(const std::string& before, const std::string& after);

/// The links, addresses and routes of the namespace the calling thread is in.
std::string dump_network();

}  // namespace patchbay::test
