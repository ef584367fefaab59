#include "site.h"

#include "base/error.h"
#include "ipam/apply.h"
#include "netlink/route.h"
#include "netns/sysctl.h"
#include "ovsdb/bridge.h"

namespace patchbay::ovs {

namespace {

[[noreturn]] void refuse_bridge(const Site& site) {
  throw Error{
      ErrorCode::invalid_config,
      "bridge: no Open vSwitch bridge " + quote(site.config.bridge.name) + " at " +
          quote(site.client.remote()) + "; ensureBridge makes it"};
}

/// ovs-vswitchd could not make the bridge's own device. Where it has been removed just now, that
/// may still be there.
void require_free_name(const Site& site) {
  const auto link = nl::find_link(site.host, IfName::parse(site.config.bridge.name));
  if (link && link->kind != "openvswitch" && link->kind != "tun") {
    throw Error{
        ErrorCode::invalid_config,
        "bridge: ensureBridge cannot make " + quote(link->name.str()) +
            ", because the host has another link of that name"};
  }
}

/// The device of an internal port appears when ovs-vswitchd has made it.
nl::Link await_link(const Site& site, const IfName& name) {
  if (auto link = nl::find_link(site.host, name)) {
    return std::move(*link);
  }
  ovsdb::await_interface(site.client, name.str(), site.config.patience);
  return nl::get_link(site.host, name);
}

nl::Link set_up(const Site& site, nl::Link link) {
  if (!link.up) {
    const std::string name = link.name.str();
    sysctl::try_set("ipv6/conf/" + name + "/accept_ra", "0");
    nl::change_link(site.host, link.index, {.up = true}, "set " + quote(name) + " up");
    link.up = true;
  }
  return link;
}

}  // namespace

Mtu find_mtu(nl::Socket& host, const Config& config) {
  if (!config.mtu_auto) {
    return Mtu{config.mtu};
  }
  const auto index = nl::find_default_link(host);
  const auto link = index ? nl::find_link(host, *index) : std::nullopt;
  return link ? link->mtu : Mtu{0};
}

ovsdb::PortInsertion insert_port(const Site& site, const nl::Link& near, const nl::Link& far) {
  const Config& config = site.config;
  auto port_ids = config.external_ids;
  auto interface_ids = config.external_ids;
  port_ids["netns"] = site.attachment.netns_path;
  interface_ids["netns"] = site.attachment.netns_path;
  interface_ids["attached-mac"] = far.mac.str();
  if (!config.ovn_port.empty()) {
    interface_ids["iface-id"] = config.ovn_port;
  }
  return {
      site.client,
      {.bridge = config.bridge.name,
       .owner = site.attachment.owner(),
       .name = near.name,
       .vlans = config.vlans,
       .isolated = config.port_isolation,
       .type = config.interface_type,
       .ofport = config.ofport_request,
       .from_container = config.from_container,
       .to_container = config.to_container,
       .port_ids = port_ids,
       .interface_ids = interface_ids,
       .other_config = config.other_config}};
}

/// The connection that failed may be the reason to undo: the undo has one of its own. A bridge that
/// was made goes, unless others use it by now: it may be the reason, too.
void undo_port(const Site& site, UndoLog& undo) {
  undo.on_failure("remove the port from the bridge", [&site] {
    ovsdb::Client client{site.config.endpoint};
    ovsdb::remove_port(client, site.attachment.owner());
    if (site.made_bridge) {
      ovsdb::remove_unused_bridge(
          client, site.config.bridge.name, gateway_link_name(site.config).str());
    }
  });
}

void finish_port(const Site& site, ovsdb::PortInsertion& port) {
  if (port.finish()) {
    return;
  }
  if (!site.config.ensure_bridge) {
    refuse_bridge(site);
  }
  require_free_name(site);
  site.made_bridge = ovsdb::ensure_bridge(site.client, site.config.bridge);
  port.repeat();
  if (!port.finish()) {
    refuse_bridge(site);
  }
}

std::optional<xdp::Guard> guard_of(
    const Config& config, const MacAddr& mac, const std::vector<IpPrefix>& addresses) {
  if (!config.mac_spoof_check && !config.ip_spoof_check) {
    return std::nullopt;
  }
  xdp::Guard guard{.mac = mac, .hold_mac = config.mac_spoof_check};
  if (config.ip_spoof_check) {
    guard.addresses = addresses;
  }
  return guard;
}

void guard_port(
    const Site& site, const nl::Link& near, const nl::Link& far, const cni::Result& result) {
  std::vector<IpPrefix> addresses;
  for (const auto& ip : result.ips) {
    addresses.push_back(ip.address);
  }
  if (const auto guard = guard_of(site.config, far.mac, addresses)) {
    xdp::set_guard(site.host, near, *guard);
  }
}

void configure_container(const Site& site, const nl::Link& far, const cni::Result& result) {
  ipam::prepare_ipv6(*site.attachment.netns, far.name, result, {});
  ipam::apply_addresses(site.container, far, result, {.arp_notify = true});
  ipam::apply_routes(site.container, far, result);
}

void await_addresses(const Site& site, const cni::Result& result) {
  ipam::await_addresses(site.container, &*site.attachment.netns, ipam::addresses_of(result));
  if (site.config.gateway.enabled()) {
    ipam::await_addresses(site.host, nullptr, ipam::gateway_addresses_of(result));
  }
}

IfName gateway_link_name(const Config& config) {
  const auto vlan = config.vlans.tag.value_or(0);
  return IfName::parse(config.bridge.name + (vlan == 0 ? "" : "." + std::to_string(vlan)));
}

std::optional<nl::Link> ensure_gateway(const Site& site, const cni::Result& result, UndoLog& undo) {
  const Config& config = site.config;
  if (!config.gateway.enabled()) {
    return std::nullopt;
  }
  const IfName name = gateway_link_name(config);
  if (name.str() == config.bridge.name) {
    const auto local = set_up(site, await_link(site, name));
    ovsdb::keep_mac(site.client, config.bridge.name, local.mac);
  } else if (!nl::find_link(site.host, name)) {
    ovsdb::ensure_internal_port(
        site.client, {.bridge = config.bridge.name, .name = name, .tag = config.vlans.tag});
  }
  const auto link = set_up(site, await_link(site, name));
  config.gateway.ensure({.host = site.host, .link = link, .result = result}, undo);
  return nl::get_link(site.host, name);
}

}  // namespace patchbay::ovs
