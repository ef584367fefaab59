#pragma once

#include <string>

namespace patchbay::bench {

/// Writes lease number `number` of the network 10.`label`.0.0/16 into the directory of host-local,
/// as the reference writes it and ours reads it: a file called by the address that says whose it
/// is. Addresses are counted from the far end, so that those that are given out next are free.
/// Throws SystemError.
void write_lease(const std::string& directory, unsigned label, unsigned number);

}  // namespace patchbay::bench
