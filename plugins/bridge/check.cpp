// CHECK and STATUS of the bridge plugin.

#include "check.h"

#include <algorithm>

#include "attach/detach.h"
#include "base/error.h"
#include "config.h"
#include "ipam/apply.h"
#include "ipam/delegate.h"
#include "ipam/verify.h"
#include "netlink/bridge.h"
#include "network.h"
#include "nft/spoofcheck.h"

namespace patchbay::bridge {

namespace {

using ipam::require;

/// Not its MTU, which the kernel derives from that of its ports.
void require_mac(const cni::Attachment& attachment, const nl::Link& bridge) {
  for (const auto& promised : attachment.previous->interfaces) {
    require(
        !promised.sandbox.empty() || promised.name != bridge.name.str() || promised.mac.empty() ||
            bridge.mac == MacAddr::parse(promised.mac),
        "interface " + quote(bridge.name.str()) + " has MAC address " + bridge.mac.str() +
            ", not " + promised.mac);
  }
}

/// Others may have added VLANs; what was promised has to be there.
void check_vlans(
    nl::Socket& host, const nl::Link& port, const std::vector<nl::VlanRange>& promised) {
  const auto present = nl::list_vlans(host, port);
  for (const auto& wanted : promised) {
    const bool found = std::any_of(present.begin(), present.end(), [&](const auto& range) {
      return range.native == wanted.native && range.first <= wanted.first &&
             wanted.last <= range.last;
    });
    require(
        found,
        "port " + quote(port.name.str()) + " lacks VLAN " + std::to_string(wanted.first) +
            (wanted.first == wanted.last ? "" : "-" + std::to_string(wanted.last)));
  }
}

void check_uplink(nl::Socket& host, const Config& config, const nl::Link& bridge) {
  if (!config.uplink) {
    return;
  }
  const auto uplink = nl::find_link(host, *config.uplink);
  require(
      uplink && uplink->up && uplink->master == bridge.index,
      "uplink " + quote(config.uplink->str()) + " is down, or not a port of bridge " +
          quote(bridge.name.str()));
  check_vlans(host, *uplink, uplink_vlans(config, bridge));
}

nl::Link check_bridge(nl::Socket& host, const cni::Attachment& attachment, const Config& config) {
  const auto bridge = nl::find_link(host, config.name);
  const std::string name = "bridge " + quote(config.name.str());
  require(bridge.has_value(), name + " is missing");
  require(bridge->kind == "bridge", name + " is not a bridge");
  require(bridge->up, name + " is not up");
  require(!config.promisc || bridge->promiscuous, name + " is not promiscuous");
  require(!config.uses_vlans() || bridge->vlan_filtering, name + " does not filter VLANs");
  require_mac(attachment, *bridge);
  check_uplink(host, config, *bridge);
  return *bridge;
}

nl::Link check_port(
    nl::Socket& host,
    const cni::Attachment& attachment,
    const Config& config,
    const nl::Link& bridge) {
  const auto port = attach::find_host_end(host, attachment);
  require(port.has_value(), "the bridge port of the container is missing");
  const std::string name = "port " + quote(port->name.str());
  require(port->master == bridge.index, name + " is not on bridge " + quote(bridge.name.str()));
  require(port->up, name + " is not up");
  require(port->port.hairpin == config.hairpin, name + " has the wrong hairpin mode");
  require(port->port.isolated == config.port_isolation, name + " has the wrong isolation");
  require(
      config.link_group() == 0 || port->group == config.link_group(),
      "macspoofchk: " + name + " is not in the guarded link group");
  ipam::require_host_link(*port, attachment);
  if (config.uses_vlans()) {
    check_vlans(host, *port, port_vlans(config));
  }
  return *port;
}

void check_gateway(
    nl::Socket& host,
    const cni::Attachment& attachment,
    const Config& config,
    const nl::Link& bridge) {
  const IfName name = gateway_link_name(config);
  config.gateway.check(host, name, attachment);
  if (!config.gateway.enabled() || config.vlan == 0) {
    return;
  }
  if (const auto port = find_gateway_port(host, nl::get_link(host, name))) {
    require(
        port->master == bridge.index,
        "port " + quote(port->name.str()) + " is not on bridge " + quote(bridge.name.str()));
    const auto vlan = static_cast<std::uint16_t>(config.vlan);
    check_vlans(host, *port, {{vlan, vlan, true}});
  }
}

void check_container(const cni::Attachment& attachment, const nl::Link& port) {
  nl::Socket container = nl::Socket::in(*attachment.netns);
  const auto far = ipam::require_container_veth(container, attachment);
  require(
      far.peer == port.index && port.peer == far.index,
      "interface " + quote(far.name.str()) + " is not the other end of port " +
          quote(port.name.str()));
  ipam::require_addresses(container, far, attachment);
  ipam::require_result_routes(container, far, attachment);
}

}  // namespace

void check(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  ipam::run(attachment.network, config.ipam, "CHECK");
  nl::Socket host;
  const auto bridge = check_bridge(host, attachment, config);
  const auto port = check_port(host, attachment, config, bridge);
  check_gateway(host, attachment, config, bridge);
  if (!config.disable_container_interface) {
    check_container(attachment, port);
  }
  config.masquerade.check(attachment);
  if (config.mac_spoof_check) {
    nft::Connection connection;
    const auto mac = MacAddr::parse(ipam::container_interface(attachment).mac);
    nft::check_spoofcheck(connection, attachment.owner(), port.name, mac);
  }
}

void status(const cni::Network& network) {
  const Config config = parse(network);
  nl::Socket host;
  const auto bridge = nl::find_link(host, config.name);
  if (bridge && bridge->kind != "bridge") {
    throw Error{
        ErrorCode::plugin_not_available,
        "bridge: link " + quote(config.name.str()) + " is not a bridge"};
  }
  if (config.uplink && !nl::find_link(host, *config.uplink)) {
    throw Error{
        ErrorCode::plugin_not_available,
        "uplink: no link " + quote(config.uplink->str()) + " on the host"};
  }
  if (config.masquerade.enabled || config.mac_spoof_check) {
    attach::require_nftables();
  }
  ipam::run(network, config.ipam, "STATUS");
}

}  // namespace patchbay::bridge
