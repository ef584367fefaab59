#pragma once

#include "cni/plugin.h"

namespace patchbay::ovs {

/// CHECK: everything that ADD promised, in the database, in the container, on the host and in
/// nftables. Throws Error{check_failed} naming the first thing that is not so.
void check(const cni::Attachment& attachment);

/// STATUS: whether an ADD could succeed now. Throws Error{plugin_not_available}.
void status(const cni::Network& network);

}  // namespace patchbay::ovs
