#pragma once

#include <netlink/netlink.h>

#include "netlink/link.h"

/// How links travel in messages; for the .cpp files of this folder.
namespace patchbay::nl {

/// An RTM_*LINK message about `index` (0: none).
Message link_message(std::uint16_t type, std::uint16_t flags, int index);

/// Reads an RTM_NEWLINK message; nullopt for one that names no interface.
std::optional<Link> parse_link(const nlmsghdr& message);

}  // namespace patchbay::nl
