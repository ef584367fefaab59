#include "network.h"

#include <algorithm>

#include "base/error.h"
#include "netlink/bridge.h"
#include "netlink/route.h"
#include "netlink/veth.h"
#include "netns/sysctl.h"

namespace patchbay::bridge {

namespace {

std::string set_up(const nl::Link& link) {
  return "set " + quote(link.name.str()) + " up";
}

void ensure_gateway_vlan(
    nl::Socket& host, const nl::Link& bridge, const nl::Link& port, std::uint16_t vlan) {
  const std::vector<nl::VlanRange> wanted{{vlan, vlan, true}};
  if (nl::list_vlans(host, port) == wanted) {
    return;
  }
  if (bridge.default_pvid != 0 && bridge.default_pvid != vlan) {
    nl::delete_vlans(host, port, {{bridge.default_pvid, bridge.default_pvid}});
  }
  nl::add_vlans(host, port, wanted);
}

}  // namespace

Mtu find_mtu(nl::Socket& host, const Config& config) {
  if (!config.mtu_auto) {
    return Mtu{config.mtu};
  }
  std::optional<nl::Link> link;
  if (config.uplink) {
    link = nl::find_link(host, *config.uplink);
  } else if (const auto index = nl::find_default_link(host)) {
    link = nl::find_link(host, *index);
  }
  return link ? link->mtu : Mtu{0};
}

nl::Link ensure_bridge(nl::Socket& host, const Config& config, Mtu mtu) {
  const auto [bridge, created] = nl::ensure_bridge(
      host, {.name = config.name, .mtu = mtu, .vlan_filtering = config.uses_vlans()});
  if (created) {
    sysctl::try_set("ipv6/conf/" + config.name.str() + "/accept_ra", "0");
  }
  if (!bridge.up) {
    nl::change_link(host, bridge.index, {.up = true}, set_up(bridge));
  }
  if (config.uses_vlans() && !bridge.vlan_filtering) {
    nl::set_vlan_filtering(host, bridge, true);
  }
  if (config.promisc && !bridge.promiscuous) {
    nl::change_link(
        host,
        bridge.index,
        {.promiscuous = true},
        "make " + quote(config.name.str()) + " promiscuous");
  }
  return bridge;
}

IfName gateway_link_name(const Config& config) {
  if (config.vlan == 0) {
    return config.name;
  }
  return IfName::parse(config.name.str() + "." + std::to_string(config.vlan));
}

std::optional<nl::Link> find_gateway_port(nl::Socket& host, const nl::Link& gateway) {
  return gateway.kind == "veth" && gateway.peer ? nl::find_link(host, *gateway.peer) : std::nullopt;
}

nl::Link ensure_gateway_link(nl::Socket& host, const nl::Link& bridge, const Config& config) {
  if (config.vlan == 0) {
    return bridge;
  }
  const IfName name = gateway_link_name(config);
  // A pair that is there may be incomplete: the ADD that made it may have been killed.
  auto link = nl::find_link(host, name);
  if (!link || !link->up) {
    const auto port = IfName::parse("veth" + hex(stable_hash(name.str())).substr(0, 8));
    nl::add_host_pair(host, {.name = name, .port = port, .bridge = bridge.index});
    link = nl::get_link(host, name);
  }
  if (const auto port = find_gateway_port(host, *link)) {
    ensure_gateway_vlan(host, bridge, *port, static_cast<std::uint16_t>(config.vlan));
  }
  return *link;
}

}  // namespace patchbay::bridge
