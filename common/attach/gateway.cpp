#include "attach/gateway.h"

#include <algorithm>

#include "base/error.h"
#include "ipam/verify.h"
#include "netlink/addr.h"
#include "netlink/route.h"
#include "netns/sysctl.h"

namespace patchbay::attach {

namespace {

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

/// A gateway that is there already has its way, whatever stands beside it.
std::vector<IpPrefix> missing_among(
    const std::vector<nl::Address>& present, std::vector<IpPrefix> gateways) {
  std::erase_if(gateways, [&](const IpPrefix& gateway) {
    return std::any_of(present.begin(), present.end(), [&](const nl::Address& address) {
      return address.prefix == gateway;
    });
  });
  return gateways;
}

/// Returns the gateway addresses that are still to be added.
std::vector<IpPrefix> clear_the_way(const GatewaySpec& spec, bool force, UndoLog& undo) {
  const auto gateways = gateways_of(spec.result);
  const auto present = nl::list_addresses(spec.host, spec.link.index);
  auto missing = missing_among(present, gateways);
  for (const auto& address : present) {
    const auto hindered = std::find_if(missing.begin(), missing.end(), [&](const auto& gateway) {
      return is_in_the_way(address, gateway, gateways);
    });
    if (hindered == missing.end()) {
      continue;
    }
    if (!force) {
      throw Error{
          ErrorCode::invalid_config,
          "bridge: " + quote(spec.link.name.str()) + " already has an IP address different from " +
              hindered->str() + ": " + address.prefix.str() + "; forceAddress replaces it"};
    }
    replace(spec.host, spec.link, address.prefix, undo);
  }
  return missing;
}

}  // namespace

void ensure_forwarding(nl::Socket& host, bool v6) {
  if (!nl::is_forwarding(host, v6)) {
    sysctl::set(sysctl::forwarding_key(v6), "1");
  }
}

void require_forwarding(nl::Socket& host, bool v6) {
  ipam::require(
      nl::is_forwarding(host, v6), "sysctl net/" + sysctl::forwarding_key(v6) + " is off");
}

void Gateway::declare(cni::Keys& keys) {
  keys.flag("isGateway", is_gateway, "give the bridge the gateway's address");
  keys.flag("isDefaultGateway", is_default, "isGateway, and the default route through it");
  keys.flag("forceAddress", force, "replace an address the bridge has instead of failing");
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

void Gateway::complete(cni::Result& result) const {
  for (auto& ip : result.ips) {
    if (enabled() && !ip.gateway) {
      const IpAddr network = ip.address.first();
      ip.gateway = IpAddr{network.is_v6(), network.value() + 1};
    }
  }
  if (!is_default) {
    return;
  }
  for (const auto& gateway : gateways_of(result)) {
    const bool v6 = gateway.is_v6();
    if (!has_default_route(result, v6)) {
      result.routes.push_back({.dst = {IpAddr{v6, 0}, 0}, .gw = gateway.address()});
    }
  }
}

void Gateway::ensure(const GatewaySpec& spec, UndoLog& undo) const {
  nl::Socket& host = spec.host;
  const nl::Link& link = spec.link;
  for (const auto& gateway : clear_the_way(spec, force, undo)) {
    const bool added = nl::add_address(host, link.index, {.address = gateway}, link.name.str());
    if (added && force) {
      undo.on_failure("remove address " + gateway.str(), [&host, link, gateway] {
        nl::delete_address(host, link.index, gateway, link.name.str());
      });
    }
  }
  for (const auto& gateway : gateways_of(spec.result)) {
    ensure_forwarding(host, gateway.is_v6());
  }
}

void Gateway::check(nl::Socket& host, const IfName& name, const cni::Attachment& attachment) const {
  if (!enabled()) {
    return;
  }
  const auto link = nl::find_link(host, name);
  ipam::require(link && link->up, "gateway interface " + quote(name.str()) + " is missing or down");
  const auto present = nl::list_addresses(host, link->index);
  for (const auto& gateway : gateways_of(*attachment.previous)) {
    const bool found = std::any_of(present.begin(), present.end(), [&](const nl::Address& one) {
      return one.prefix == gateway;
    });
    ipam::require(
        found, "gateway address " + gateway.str() + " is missing on " + quote(name.str()));
    require_forwarding(host, gateway.is_v6());
  }
}

}  // namespace patchbay::attach
