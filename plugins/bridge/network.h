#pragma once

#include "base/undo_log.h"
#include "config.h"
#include "netlink/bridge.h"

/// The host's side that all containers of a network share: the bridge, its uplink, its gateway
/// addresses. Every function is idempotent and safe beside other ADDs.
namespace patchbay::bridge {

/// The MTU for the pair and a new bridge: configured, or found for "auto". 0: kernel's default.
Mtu find_mtu(nl::Socket& host, const Config& config);

/// The bridge, as the configuration wants it: up, filtering VLANs and promiscuous if need be.
/// Throws Error{invalid_config} when the name belongs to another kind of link.
nl::Link ensure_bridge(nl::Socket& host, const Config& config, Mtu mtu);

/// Enslaves the uplink and lets the network's VLANs pass it. Addresses and routes that it carries
/// are refused with Error{invalid_config}, or moved to the bridge; `undo` then gets the way back.
void ensure_uplink(nl::Socket& host, const nl::Link& bridge, const Config& config, UndoLog& undo);
/// What passes the uplink tagged: all VLANs of the network's ports but the bridge's default one,
/// which passes untagged.
std::vector<nl::VlanRange> uplink_vlans(const Config& config, const nl::Link& bridge);

/// The link that carries the gateway addresses: the bridge, or, with a VLAN, "<bridge>.<vlan>".
nl::Link ensure_gateway_link(nl::Socket& host, const nl::Link& bridge, const Config& config);
IfName gateway_link_name(const Config& config);
/// The bridge's port at the other end of that link; nullopt when it is no pair of ours.
std::optional<nl::Link> find_gateway_port(nl::Socket& host, const nl::Link& gateway);

}  // namespace patchbay::bridge
