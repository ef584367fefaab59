#pragma once

#include "cni/plugin.h"
#include "netlink/addr.h"
#include "netlink/link.h"
#include "netlink/route.h"

/// What CHECK asks in every plugin. Each function throws Error{check_failed} naming what is not as
/// ADD left it.
namespace patchbay::ipam {

/// Throws Error{check_failed} with `message` unless `holds`.
void require(bool holds, const std::string& message);

/// The entry of `result` for the container's interface. Throws Error{check_failed}.
const cni::Interface& container_interface(const cni::Attachment& attachment);

/// The addresses of the previous result that belong to the container's interface (or name none).
std::vector<IpPrefix> container_addresses(const cni::Attachment& attachment);

/// The container's interface as the kernel has it: up, with the MAC address and MTU of the previous
/// result.
nl::Link require_container_link(nl::Socket& socket, const cni::Attachment& attachment);
/// The same, and it is a veth.
nl::Link require_container_veth(nl::Socket& socket, const cni::Attachment& attachment);

/// `link`, which is on the host, has the MAC address and the MTU of the previous result; nothing is
/// asked of a link that the result does not list.
void require_host_link(const nl::Link& link, const cni::Attachment& attachment);

/// Every address of the previous result is on `link`.
void require_addresses(nl::Socket& socket, const nl::Link& link, const cni::Attachment& attachment);

/// Every route of `routes` goes through `link`.
void require_routes(nl::Socket& socket, const nl::Link& link, const std::vector<nl::Route>& routes);

/// Every route of the previous result goes through `link`.
void require_result_routes(
    nl::Socket& socket, const nl::Link& link, const cni::Attachment& attachment);

}  // namespace patchbay::ipam
