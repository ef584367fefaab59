#pragma once

#include <string>

namespace patchbay::hostlocal {

/// The running boot of this machine, as far as it tells old leases from new ones.
struct Boot {
  std::string id;  ///< Empty when it cannot be known: then no lease is old.
  /// When it began, in seconds since the epoch, by the clock as it is now.
  double began;
  /// The same, but no later than what the clock showed then: it may have been set forward since
  /// (no battery, a virtual machine restored from a snapshot), and files are dated by it.
  double began_at_earliest;
};

/// Reads it from the kernel.
Boot running_boot();

}  // namespace patchbay::hostlocal
