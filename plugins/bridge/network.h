#pragma once

#include <vector>

#include "base/undo_log.h"
#include "cni/result.h"
#include "config.h"
#include "netlink/link.h"

/// The host's side that all containers of a network share: the bridge, its uplink, its gateway
/// addresses. Every function is idempotent and safe beside other ADDs.
namespace patchbay::bridge {

/// The MTU for the pair and a new bridge: configured, or found for "auto". 0: kernel's default.
Mtu find_mtu(nl::Socket& host, const Config& config);

/// The bridge, as the configuration wants it: up, filtering VLANs and promiscuous if need be.
/// Throws Error{invalid_config} when the name belongs to another kind of link.
nl::Link ensure_bridge(nl::Socket& host, const Config& config, Mtu mtu);

/// Enslaves the uplink. Addresses and routes that it carries are refused with
/// Error{invalid_config}, or moved to the bridge; `undo` then gets the way back.
void ensure_uplink(nl::Socket& host, const nl::Link& bridge, const Config& config, UndoLog& undo);

/// Completes `result` with gateways where the configuration makes the bridge one: an address
/// without gateway gets the first of its subnet, and isDefaultGateway adds default routes.
void add_gateways(const Config& config, cni::Result& result);

/// The gateway addresses of `result`, with their prefix lengths.
std::vector<IpPrefix> gateways_of(const cni::Result& result);

/// The link that carries the gateway addresses: the bridge, or, with a VLAN, "<bridge>.<vlan>".
nl::Link ensure_gateway_link(nl::Socket& host, const nl::Link& bridge, const Config& config);
IfName gateway_link_name(const Config& config);

/// Gives `link` the gateway addresses of `result` and lets the host route. A different address in
/// the way is Error{invalid_config}, or replaced with `force`; `undo` then gets the way back.
struct GatewaySpec {
  const nl::Link& link;
  const cni::Result& result;
  bool force;
};
void ensure_gateways(nl::Socket& host, const GatewaySpec& spec, UndoLog& undo);

}  // namespace patchbay::bridge
