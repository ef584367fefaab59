#pragma once

#include <optional>
#include <string>

#include "cni/plugin.h"
#include "device/store.h"
#include "netlink/socket.h"
#include "netns/netns.h"

namespace patchbay::device {

/// Takes the device of the attachment `label` back and forgets the record. The device is looked for
/// in `container` (CNI_NETNS; absent when that is gone), in the namespace it was lent to, and on
/// the host, to which the kernel returns hardware by itself when a namespace ends; that is awaited.
///
/// Then it has its name (a free one, with a warning, when another link has taken that), MAC
/// address, MTU, addresses, routes and state as before; what the kernel refuses of it is a warning.
/// A device that is gone, unplugged or was never moved is no failure. Without a record, hardware is
/// still recognised by its mark (or that of the reference plugin).
///
/// Throws Error{try_again_later} when hardware is in a namespace that cannot be found, SystemError
/// when it cannot be moved; the record stays then, so that this can be repeated.
void take_back(
    Store& store,
    nl::Socket& host,
    const std::string& label,
    const std::optional<netns::Netns>& container);

/// DEL: the same for an attachment.
void take_back(const cni::Attachment& attachment);

/// GC: the same for every attachment of the network that is not valid. Everything is attempted.
/// Throws one Error for all failures.
void collect(const cni::Network& network, const cni::ValidAttachments& valid);

}  // namespace patchbay::device
