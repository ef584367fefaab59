#include "ipam/apply.h"

#include <algorithm>
#include <chrono>
#include <poll.h>

#include <linux/rtnetlink.h>

#include "base/error.h"
#include "base/log.h"
#include "netlink/addr.h"
#include "netlink/monitor.h"
#include "netlink/route.h"
#include "netns/sysctl.h"

namespace patchbay::ipam {

namespace {

constexpr std::chrono::seconds kDetectionPatience{10};
constexpr std::chrono::seconds kCompletionPatience{1};

bool is_link_local(const IpAddr& address) {
  return address.is_v6() && IpPrefix{IpAddr::parse("fe80::"), 10}.contains(address);
}

bool is_on_link(const IpAddr& gateway, const cni::Result& result) {
  return is_link_local(gateway) ||
         std::any_of(result.ips.begin(), result.ips.end(), [&](const cni::IpConfig& ip) {
           return ip.address.contains(gateway);
         });
}

std::optional<IpAddr> first_gateway(const cni::Result& result, bool v6) {
  for (const auto& ip : result.ips) {
    if (ip.gateway && ip.gateway->is_v6() == v6) {
      return ip.gateway;
    }
  }
  return std::nullopt;
}

bool is_local_scope(const cni::Route& route) {
  return route.scope && *route.scope >= RT_SCOPE_LINK;
}

/// The kernel joins an address's multicast group and makes its local route in a work queue
/// (net/ipv6/addrconf.c: addrconf_dad_work), the route last.
bool are_complete(nl::Socket& socket, const std::vector<IpAddr>& addresses) {
  return std::all_of(addresses.begin(), addresses.end(), [&](const IpAddr& address) {
    return !address.is_v6() || nl::is_local(socket, address);
  });
}

/// True while detection is running. Throws when it has found a duplicate.
bool is_detecting(nl::Socket& socket, const nl::Link& link) {
  bool tentative = false;
  for (const auto& address : nl::list_addresses(socket, link.index)) {
    if (address.duplicate) {
      throw Error{
          ErrorCode::kernel,
          "IPv6 address " + address.prefix.str() + " of " + quote(link.name.str()) +
              ": another host has it (DAD failed)"};
    }
    tentative = tentative || address.tentative;
  }
  return tentative;
}

}  // namespace

bool has_v6(const cni::Result& result) {
  return std::any_of(result.ips.begin(), result.ips.end(), [](const cni::IpConfig& ip) {
    return ip.address.is_v6();
  });
}

void prepare_ipv6(
    const netns::Netns& ns,
    const IfName& ifname,
    const cni::Result& result,
    const ApplyOptions& options) {
  if (!has_v6(result) && !options.detect_duplicates) {
    return;
  }
  const netns::ScopedNetns inside{ns};
  sysctl::Directory links{"ipv6/conf"};
  const std::string link = ifname.str() + "/";
  if (options.detect_duplicates) {
    links.try_set(link + "enhanced_dad", "1");
    links.try_set(link + "accept_dad", "1");
  }
  if (has_v6(result)) {
    for (const std::string& name : {std::string{"lo"}, ifname.str()}) {
      links.set(name + "/disable_ipv6", "0");
    }
    links.set(link + "keep_addr_on_down", "1");
  }
}

void apply_addresses(
    nl::Socket& socket,
    const nl::Link& link,
    const cni::Result& result,
    const ApplyOptions& options) {
  const std::string name = link.name.str();
  for (const auto& ip : result.ips) {
    const nl::AddressSpec spec{
        .address = ip.address,
        .skip_dad = !options.detect_duplicates,
        .prefix_route = options.prefix_routes};
    if (!nl::add_address(socket, link.index, spec, name)) {
      throw Error{
          ErrorCode::kernel,
          "add address " + ip.address.str() + " to " + quote(name) + ": it is there already"};
    }
  }
  nl::LinkChange change{.up = true};
  if (options.arp_notify) {
    change.arp_notify = true;
  }
  nl::change_link(socket, link.index, change, "set " + quote(name) + " up");
}

void configure(
    nl::Socket& socket,
    const netns::Netns& ns,
    const nl::Link& link,
    const cni::Result& result,
    const ApplyOptions& options) {
  prepare_ipv6(ns, link.name, result, options);
  apply_addresses(socket, link, result, options);
  apply_routes(socket, link, result);
}

void await_duplicate_detection(nl::Socket& socket, const netns::Netns& ns, const nl::Link& link) {
  nl::Socket events = nl::Socket::in(ns);
  events.join(RTNLGRP_IPV6_IFADDR);
  const nl::Deadline deadline = std::chrono::steady_clock::now() + kDetectionPatience;
  while (is_detecting(socket, link)) {
    pollfd waiting{events.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, nl::milliseconds_until(deadline)) == 0) {
      throw Error{
          ErrorCode::kernel,
          "duplicate address detection on " + quote(link.name.str()) + " has not ended in 10 s"};
    }
    events.receive([](const nlmsghdr&) {});
  }
}

std::vector<IpAddr> addresses_of(const cni::Result& result) {
  std::vector<IpAddr> addresses;
  for (const auto& ip : result.ips) {
    addresses.push_back(ip.address.address());
  }
  return addresses;
}

std::vector<IpAddr> gateway_addresses_of(const cni::Result& result) {
  std::vector<IpAddr> addresses;
  for (const auto& ip : result.ips) {
    if (ip.gateway) {
      addresses.push_back(*ip.gateway);
    }
  }
  return addresses;
}

void await_addresses(
    nl::Socket& socket, const netns::Netns* ns, const std::vector<IpAddr>& addresses) {
  if (are_complete(socket, addresses)) {
    return;
  }
  nl::Socket events = ns != nullptr ? nl::Socket::in(*ns) : nl::Socket{};
  events.join(RTNLGRP_IPV6_ROUTE);
  const nl::Deadline deadline = std::chrono::steady_clock::now() + kCompletionPatience;
  while (!are_complete(socket, addresses)) {
    pollfd waiting{events.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, nl::milliseconds_until(deadline)) == 0) {
      log::warn("the kernel has not completed an IPv6 address within a second, continuing");
      return;
    }
    events.receive([](const nlmsghdr&) {});
  }
}

nl::Route route_of(const cni::Route& route, const cni::Result& result) {
  nl::Route wanted{
      .dst = route.dst.network(),
      .gw = route.gw,
      .src = {},
      .priority = route.priority,
      .table = route.table.value_or(0),
      .scope = {},
      .mtu = route.mtu,
      .advmss = route.advmss};
  if (!wanted.gw && !is_local_scope(route)) {
    wanted.gw = first_gateway(result, route.dst.is_v6());
  }
  if (route.scope) {
    wanted.scope = static_cast<std::uint8_t>(*route.scope);
  }
  wanted.onlink = wanted.gw && !is_on_link(*wanted.gw, result);
  return wanted;
}

void apply_routes(nl::Socket& socket, const nl::Link& link, const cni::Result& result) {
  for (const auto& route : result.routes) {
    const nl::Route wanted = route_of(route, result);
    if (!nl::add_route(socket, link.index, wanted, link.name.str())) {
      log::warn("route to " + wanted.dst.str() + " is there already, continuing");
    }
  }
}

}  // namespace patchbay::ipam
