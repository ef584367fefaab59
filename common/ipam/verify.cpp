#include "ipam/verify.h"

#include <algorithm>

#include "base/error.h"
#include "ipam/apply.h"

namespace patchbay::ipam {

namespace {

/// A wanted 0 or absence is "whatever the kernel chose".
bool matches(const nl::Route& route, const nl::Route& wanted) {
  return route.dst == wanted.dst && (!wanted.gw || route.gw == wanted.gw) &&
         (!wanted.src || route.src == wanted.src) &&
         (wanted.table == 0 || route.table == wanted.table) &&
         (wanted.priority == 0 || route.priority == wanted.priority) &&
         (!wanted.scope || wanted.dst.is_v6() || route.scope == wanted.scope) &&
         (wanted.mtu == 0 || route.mtu == wanted.mtu) &&
         (wanted.advmss == 0 || route.advmss == wanted.advmss);
}

/// The position in the result of the container's interface.
std::optional<std::size_t> find_container_interface(const cni::Attachment& attachment) {
  const auto& interfaces = attachment.previous->interfaces;
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    if (!interfaces[i].sandbox.empty() && interfaces[i].name == attachment.ifname.str()) {
      return i;
    }
  }
  return std::nullopt;
}

void require_as_reported(const nl::Link& link, const cni::Interface& promised) {
  const std::string name = quote(link.name.str());
  require(
      promised.mac.empty() || link.mac == MacAddr::parse(promised.mac),
      "interface " + name + " has MAC address " + link.mac.str() + ", not " + promised.mac);
  require(
      promised.mtu == 0 || link.mtu == Mtu{promised.mtu},
      "interface " + name + " has MTU " + std::to_string(static_cast<std::uint32_t>(link.mtu)) +
          ", not " + std::to_string(promised.mtu));
}

}  // namespace

void require(bool holds, const std::string& message) {
  if (!holds) {
    throw Error{ErrorCode::check_failed, message};
  }
}

const cni::Interface& container_interface(const cni::Attachment& attachment) {
  const auto position = find_container_interface(attachment);
  require(
      position.has_value(),
      "prevResult.interfaces: no entry for " + quote(attachment.ifname.str()) +
          " of the container");
  return attachment.previous->interfaces[*position];
}

std::vector<IpPrefix> container_addresses(const cni::Attachment& attachment) {
  std::vector<IpPrefix> addresses;
  if (!attachment.previous) {
    return addresses;
  }
  const auto position = find_container_interface(attachment);
  for (const auto& ip : attachment.previous->ips) {
    if (!ip.interface || !position || *ip.interface == *position) {
      addresses.push_back(ip.address);
    }
  }
  return addresses;
}

nl::Link require_container_link(nl::Socket& socket, const cni::Attachment& attachment) {
  const auto& promised = container_interface(attachment);
  const std::string name = quote(attachment.ifname.str());
  const auto link = nl::find_link(socket, attachment.ifname);
  require(link.has_value(), "interface " + name + " is missing in the container");
  require(link->up, "interface " + name + " in the container is not up");
  require_as_reported(*link, promised);
  return *link;
}

nl::Link require_container_veth(nl::Socket& socket, const cni::Attachment& attachment) {
  auto link = require_container_link(socket, attachment);
  require(
      link.kind == "veth",
      "interface " + quote(link.name.str()) + " in the container is not a veth");
  return link;
}

void require_host_link(const nl::Link& link, const cni::Attachment& attachment) {
  for (const auto& promised : attachment.previous->interfaces) {
    if (promised.sandbox.empty() && promised.name == link.name.str()) {
      require_as_reported(link, promised);
    }
  }
}

void require_addresses(
    nl::Socket& socket, const nl::Link& link, const cni::Attachment& attachment) {
  const auto present = nl::list_addresses(socket, link.index);
  for (const IpPrefix& wanted : container_addresses(attachment)) {
    const bool found = std::any_of(present.begin(), present.end(), [&](const nl::Address& one) {
      return one.prefix == wanted && !one.duplicate;
    });
    require(found, "address " + wanted.str() + " is missing on " + quote(link.name.str()));
  }
}

void require_routes(
    nl::Socket& socket, const nl::Link& link, const std::vector<nl::Route>& routes) {
  std::optional<std::vector<nl::Route>> all;
  const auto is_there = [&](const nl::Route& wanted) {
    const auto taken = nl::find_route(socket, link.index, wanted.dst.first());
    if (taken && matches(*taken, wanted)) {
      return true;
    }
    if (!all) {
      all = nl::list_routes(socket, link.index);
    }
    return std::any_of(
        all->begin(), all->end(), [&](const nl::Route& route) { return matches(route, wanted); });
  };
  for (const nl::Route& wanted : routes) {
    require(
        is_there(wanted),
        "route to " + wanted.dst.str() + (wanted.gw ? " via " + wanted.gw->str() : "") +
            " is missing on " + quote(link.name.str()));
  }
}

void require_result_routes(
    nl::Socket& socket, const nl::Link& link, const cni::Attachment& attachment) {
  std::vector<nl::Route> wanted;
  for (const auto& route : attachment.previous->routes) {
    wanted.push_back(route_of(route, *attachment.previous));
  }
  require_routes(socket, link, wanted);
}

}  // namespace patchbay::ipam
