#pragma once

#include <netlink/netlink.h>

#include "netlink/link.h"

/// How links travel in messages; for the .cpp files of this folder.
namespace patchbay::nl {

/// An RTM_*LINK message about `index` (0: none).
Message link_message(std::uint16_t type, std::uint16_t flags, int index);

/// Whether the link gets an IPv6 link-local address when it comes up; inside an IFLA_AF_SPEC.
void put_link_local(Message& message, bool on);

/// Whether `message` is an RTM_NEWLINK or RTM_DELLINK that is about `link`.
bool is_about(const nlmsghdr& message, IfIndex link);

/// Reads an RTM_NEWLINK or RTM_DELLINK message; nullopt for one that names no interface (or one
/// with a name that is no IfName, which is none of ours), and for what a bridge says about its port
/// (PF_BRIDGE), such as that it has left.
std::optional<Link> parse_link(const nlmsghdr& message);

}  // namespace patchbay::nl
