#pragma once

#include "netlink/link.h"

namespace patchbay::attach {

/// Waits until `link` carries packets. A link that has been set up drops whatever is sent through
/// it until the kernel has seen to its carrier, and each end of a pair has one of its own. `ns` is
/// the namespace of `socket` and `link`; the calling thread's when null. Throws Error{kernel} after
/// 30 seconds, and SystemError.
void await_carrier(nl::Socket& socket, const nl::Link& link, const netns::Netns* ns = nullptr);

}  // namespace patchbay::attach
