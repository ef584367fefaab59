#pragma once

#include <string>

#include <gtest/gtest.h>

namespace patchbay::test {

/// Everything of the host that a plugin could leave behind, as text to compare: dump_network(),
/// mounts, pinned namespaces, records of lent devices and all files below /var/lib/cni, but where
/// host-local goes on searching. Takes a few milliseconds and starts no process.
std::string dump();

/// A predicate for gtest: dump() is what `before` was. Prints the lines that differ.
testing::AssertionResult is_unchanged(const std::string& before);
/// A predicate for gtest: `after` is what `before` was. Prints the lines that differ.
testing::AssertionResult is_same(const std::string& before, const std::string& after);

/// Links, addresses, routes of all tables, rules, permanent neighbours, queueing disciplines,
/// nftables and sysctls of the network namespace the calling thread is in. What the kernel counts
/// or does in its own time is left out; see kernel_dump.h.
std::string dump_network();

/// All that is below `directory`, with modes and contents.
std::string dump_files(const std::string& directory);

}  // namespace patchbay::test
