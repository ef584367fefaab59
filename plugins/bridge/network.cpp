#include "network.h"

#include <algorithm>

#include "base/error.h"
#include "netlink/addr.h"
#include "netlink/bridge.h"
#include "netlink/route.h"
#include "netlink/veth.h"
#include "netns/sysctl.h"

namespace patchbay::bridge {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error{ErrorCode::invalid_config, message};
}

std::string set_up(const nl::Link& link) {
  return "set " + quote(link.name.str()) + " up";
}

bool is_same_family(const cni::Route& route, bool v6) {
  return route.dst.is_default() && route.dst.is_v6() == v6;
}

bool has_default_route(const cni::Result& result, bool v6) {
  return std::any_of(result.routes.begin(), result.routes.end(), [&](const cni::Route& route) {
    return is_same_family(route, v6);
  });
}

/// The kernel allows several IPv6 subnets on one link; IPv4 gateways have to be all ours.
bool is_in_the_way(
    const nl::Address& present, const IpPrefix& wanted, const std::vector<IpPrefix>& all) {
  const bool ours = std::find(all.begin(), all.end(), present.prefix) != all.end();
  if (ours || present.prefix.is_v6() != wanted.is_v6()) {
    return false;
  }
  return !wanted.is_v6() || present.prefix.contains(wanted.address()) ||
         wanted.contains(present.prefix.address());
}

/// Removes `present`, and puts it back if the ADD fails.
void replace(nl::Socket& host, const nl::Link& link, const IpPrefix& present, UndoLog& undo) {
  nl::delete_address(host, link.index, present, link.name.str());
  undo.on_failure("put address " + present.str() + " back", [&host, link, present] {
    nl::add_address(host, link.index, {.address = present}, link.name.str());
  });
}

void clear_the_way(nl::Socket& host, const GatewaySpec& spec, UndoLog& undo) {
  const auto gateways = gateways_of(spec.result);
  for (const auto& address : nl::list_addresses(host, spec.link.index)) {
    const auto hindered = std::find_if(gateways.begin(), gateways.end(), [&](const auto& gateway) {
      return is_in_the_way(address, gateway, gateways);
    });
    if (hindered == gateways.end()) {
      continue;
    }
    if (!spec.force) {
      refuse(
          "bridge: " + quote(spec.link.name.str()) + " already has an IP address different from " +
          hindered->str() + ": " + address.prefix.str() + "; forceAddress replaces it");
    }
    replace(host, spec.link, address.prefix, undo);
  }
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

std::vector<IpPrefix> gateways_of(const cni::Result& result) {
  std::vector<IpPrefix> gateways;
  for (const auto& ip : result.ips) {
    if (ip.gateway) {
      gateways.emplace_back(*ip.gateway, ip.address.length());
    }
  }
  return gateways;
}

void add_gateways(const Config& config, cni::Result& result) {
  for (auto& ip : result.ips) {
    if (config.is_gateway && !ip.gateway) {
      const IpAddr network = ip.address.first();
      ip.gateway = IpAddr{network.is_v6(), network.value() + 1};
    }
  }
  if (!config.is_default_gateway) {
    return;
  }
  for (const auto& gateway : gateways_of(result)) {
    const bool v6 = gateway.is_v6();
    if (!has_default_route(result, v6)) {
      result.routes.push_back({.dst = {IpAddr{v6, 0}, 0}, .gw = gateway.address()});
    }
  }
}

IfName gateway_link_name(const Config& config) {
  if (config.vlan == 0) {
    return config.name;
  }
  return IfName::parse(config.name.str() + "." + std::to_string(config.vlan));
}

nl::Link ensure_gateway_link(nl::Socket& host, const nl::Link& bridge, const Config& config) {
  if (config.vlan == 0) {
    return bridge;
  }
  const IfName name = gateway_link_name(config);
  if (const auto link = nl::find_link(host, name)) {
    return *link;
  }
  const auto port_name = IfName::parse("veth" + hex(stable_hash(name.str())).substr(0, 8));
  nl::add_host_pair(host, {.name = name, .port = port_name, .bridge = bridge.index});
  const auto port = nl::get_link(host, port_name);
  const auto vlan = static_cast<std::uint16_t>(config.vlan);
  if (bridge.default_pvid != 0 && bridge.default_pvid != vlan) {
    nl::delete_vlans(host, port, {{bridge.default_pvid, bridge.default_pvid}});
  }
  nl::add_vlans(host, port, {{vlan, vlan, true}});
  return nl::get_link(host, name);
}

void ensure_gateways(nl::Socket& host, const GatewaySpec& spec, UndoLog& undo) {
  clear_the_way(host, spec, undo);
  const auto& link = spec.link;
  for (const auto& gateway : gateways_of(spec.result)) {
    const bool added = nl::add_address(host, link.index, {.address = gateway}, link.name.str());
    if (added && spec.force) {
      undo.on_failure("remove address " + gateway.str(), [&host, link, gateway] {
        nl::delete_address(host, link.index, gateway, link.name.str());
      });
    }
    sysctl::set(sysctl::forwarding_key(gateway.is_v6()), "1");
  }
}

}  // namespace patchbay::bridge
