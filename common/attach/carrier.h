#pragma once

#include "netlink/link.h"

namespace patchbay::attach {

/// A pair that is set up, and where its ends are.
struct PairEnds {
  nl::Socket& host;
  const nl::Link& near;
  nl::Socket& container;
  const netns::Netns& ns;  ///< The container's.
  const nl::Link& far;
};

/// Waits until both ends carry packets. A link that has been set up drops whatever is sent through
/// it until the kernel has seen to its carrier, and each end has one of its own. Throws
/// Error{kernel} after 30 seconds, and SystemError.
void await_carrier(const PairEnds& pair);

}  // namespace patchbay::attach
