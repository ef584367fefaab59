#pragma once

#include "device/record.h"

namespace patchbay::device {

/// The device of `record`, which is on the host as `link`, becomes what it was: name, MAC address,
/// MTU, state, addresses, routes and alias. What the kernel refuses is a warning, as is a name that
/// another link has taken. Throws SystemError only when the socket fails; it can be repeated.
void restore(nl::Socket& host, const Record& record, nl::Link link);

}  // namespace patchbay::device
