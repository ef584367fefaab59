#pragma once

#include "base/undo_log.h"
#include "cni/plugin.h"
#include "config.h"
#include "netlink/link.h"
#include "ovsdb/client.h"
#include "xdp/guard.h"

/// The parts of ADD.
namespace patchbay::ovs {

/// What ADD works with.
struct Site {
  const cni::Attachment& attachment;
  const Config& config;
  nl::Socket& host;
  nl::Socket& container;
  ovsdb::Client& client;
  bool& made_bridge;  ///< By this ADD.
};

/// The MTU for the pair: configured, or found for "auto". 0: the kernel's default.
Mtu find_mtu(nl::Socket& host, const Config& config);

/// Asks for the port `near` of the bridge; `far` is the container's end.
ovsdb::PortInsertion insert_port(const Site& site, const nl::Link& near, const nl::Link& far);

/// Records how to remove it, and the bridge with it if this ADD has made it.
void undo_port(const Site& site, UndoLog& undo);

/// Waits for the database; makes the bridge first when it is missing and ensureBridge wants it.
/// Throws Error{invalid_config} when there is no such bridge and none can be.
void finish_port(const Site& site, ovsdb::PortInsertion& port);

/// What a container with this MAC address and these addresses is held to; nullopt when nothing is
/// checked.
std::optional<xdp::Guard> guard_of(
    const Config& config, const MacAddr& mac, const std::vector<IpPrefix>& addresses);
/// Guards the port `near`, of which `far` is the container's end; before it is on the bridge, so
/// that it is never open.
void guard_port(
    const Site& site, const nl::Link& near, const nl::Link& far, const cni::Result& result);

/// Gives `far` the addresses and routes of `result` and sets it up.
void configure_container(const Site& site, const nl::Link& far, const cni::Result& result);

/// Waits until IPv6 takes in what is sent to the addresses of `result`.
void await_addresses(const Site& site, const cni::Result& result);

/// The link that carries the gateway addresses: the bridge's local port or, with a VLAN, the
/// internal port "<bridge>.<vlan>" in it.
IfName gateway_link_name(const Config& config);
/// Makes it, if need be, and gives it the gateway addresses of `result`. Nullopt when the network
/// has no gateway here.
std::optional<nl::Link> ensure_gateway(const Site& site, const cni::Result& result, UndoLog& undo);

}  // namespace patchbay::ovs
