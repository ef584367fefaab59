#include "netlink/route.h"

#include <array>
#include <cerrno>

#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "netlink/attribute.h"

namespace patchbay::nl {

namespace {

constexpr std::uint32_t kLargestHeaderTable = 255;

std::uint8_t family_of(bool v6) {
  return v6 ? AF_INET6 : AF_INET;
}

void put_ip(Message& message, int attribute, const IpAddr& address) {
  message.put_bytes(attribute, address.bytes().data(), address.size());
}

/// As `ip route add` chooses: link scope for a device route, universe through a gateway.
std::uint8_t scope_of(const Route& route) {
  if (route.scope) {
    return *route.scope;
  }
  return route.gw || route.dst.is_v6() ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
}

rtmsg header_of(const Route& route) {
  const std::uint32_t table = route.table == 0 ? std::uint32_t{RT_TABLE_MAIN} : route.table;
  rtmsg header{};
  header.rtm_family = family_of(route.dst.is_v6());
  header.rtm_dst_len = static_cast<std::uint8_t>(route.dst.length());
  header.rtm_table = static_cast<std::uint8_t>(
      table <= kLargestHeaderTable ? table : std::uint32_t{RT_TABLE_UNSPEC});
  header.rtm_protocol = route.protocol == 0 ? RTPROT_BOOT : route.protocol;
  header.rtm_scope = scope_of(route);
  header.rtm_type = RTN_UNICAST;
  header.rtm_flags = route.onlink ? RTNH_F_ONLINK : 0;
  return header;
}

void put_metrics(Message& message, const Route& route) {
  if (route.mtu == 0 && route.advmss == 0) {
    return;
  }
  const auto metrics = message.nest(RTA_METRICS);
  if (route.mtu != 0) {
    message.put(RTAX_MTU, route.mtu);
  }
  if (route.advmss != 0) {
    message.put(RTAX_ADVMSS, route.advmss);
  }
}

Message route_message(std::uint16_t type, std::uint16_t flags, IfIndex link, const Route& route) {
  Message message{type, flags};
  message.header(header_of(route));
  if (!route.dst.is_default()) {
    put_ip(message, RTA_DST, route.dst.first());
  }
  message.put(RTA_OIF, static_cast<std::uint32_t>(link));
  if (route.gw) {
    put_ip(message, RTA_GATEWAY, *route.gw);
  }
  if (route.src) {
    put_ip(message, RTA_PREFSRC, *route.src);
  }
  if (route.priority != 0) {
    message.put(RTA_PRIORITY, route.priority);
  }
  if (route.table > kLargestHeaderTable) {
    message.put(RTA_TABLE, route.table);
  }
  put_metrics(message, route);
  return message;
}

using Attributes = std::array<nlattr*, RTA_MAX + 1>;

std::uint32_t number_in(const nlattr* attribute, std::uint32_t otherwise) {
  return value_in<std::uint32_t>(attribute).value_or(otherwise);
}

std::optional<IpAddr> ip_in(const nlattr* attribute, bool v6) {
  if (attribute == nullptr || ::nla_len(attribute) != (v6 ? 16 : 4)) {
    return std::nullopt;
  }
  return IpAddr::from_bytes(static_cast<const std::uint8_t*>(::nla_data(attribute)), v6);
}

void read_metrics(nlattr* nest, Route& route) {
  if (nest == nullptr) {
    return;
  }
  std::array<nlattr*, RTAX_MAX + 1> metrics{};
  ::nla_parse_nested(metrics.data(), RTAX_MAX, nest, nullptr);
  route.mtu = number_in(metrics[RTAX_MTU], 0);
  route.advmss = number_in(metrics[RTAX_ADVMSS], 0);
}

/// Nullopt for what is not a unicast route through `link`, and for table local.
std::optional<Route> parse_route(const nlmsghdr& message, IfIndex link) {
  auto* raw = const_cast<nlmsghdr*>(&message);  // libnl's parsers do not write
  Attributes attributes{};
  if (message.nlmsg_type != RTM_NEWROUTE ||
      ::nlmsg_parse(raw, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto* header = static_cast<const rtmsg*>(::nlmsg_data(raw));
  const std::uint32_t table = number_in(attributes[RTA_TABLE], header->rtm_table);
  if (header->rtm_type != RTN_UNICAST || table == RT_TABLE_LOCAL ||
      number_in(attributes[RTA_OIF], 0) != static_cast<std::uint32_t>(link)) {
    return std::nullopt;
  }
  const bool v6 = header->rtm_family == AF_INET6;
  if (header->rtm_dst_len > (v6 ? 128 : 32)) {
    return std::nullopt;
  }
  const IpAddr dst = ip_in(attributes[RTA_DST], v6).value_or(IpAddr{v6, 0});
  Route route{
      .dst = {dst, header->rtm_dst_len},
      .gw = ip_in(attributes[RTA_GATEWAY], v6),
      .src = ip_in(attributes[RTA_PREFSRC], v6),
      .priority = number_in(attributes[RTA_PRIORITY], 0),
      .table = table,
      .scope = header->rtm_scope,
      .protocol = header->rtm_protocol,
      .onlink = (header->rtm_flags & RTNH_F_ONLINK) != 0};
  read_metrics(attributes[RTA_METRICS], route);
  return route;
}

/// Asks which route a packet to `address` takes. `flags` are RTM_F_*.
Message look_up(const IpAddr& address, unsigned flags = 0) {
  rtmsg header{};
  header.rtm_flags = flags;
  header.rtm_family = family_of(address.is_v6());
  header.rtm_dst_len = static_cast<std::uint8_t>(address.bits());
  Message message{RTM_GETROUTE, 0};
  message.header(header);
  put_ip(message, RTA_DST, address);
  return message;
}

/// Addresses that are documentation examples, so no host has a route of its own to them.
std::array<IpAddr, 2> unowned_addresses() {
  return {IpAddr::parse("198.51.100.1"), IpAddr::parse("2001:db8::1")};
}

}  // namespace

Refusal try_add_route(Socket& socket, IfIndex link, const Route& route) {
  return socket.try_request(route_message(RTM_NEWROUTE, NLM_F_CREATE, link, route));
}

bool add_route(Socket& socket, IfIndex link, const Route& route, std::string_view what) {
  const Refusal refusal = try_add_route(socket, link, route);
  if (refusal && refusal.error != EEXIST) {
    refusal.raise(
        "add route to " + route.dst.str() + (route.gw ? " via " + route.gw->str() : "") +
        " through " + quote(what));
  }
  return !refusal;
}

Refusal try_delete_route(Socket& socket, IfIndex link, const Route& route) {
  return socket.try_request(route_message(RTM_DELROUTE, 0, link, route));
}

bool delete_route(Socket& socket, IfIndex link, const Route& route, std::string_view what) {
  const Refusal refusal = try_delete_route(socket, link, route);
  if (refusal && refusal.error != ESRCH && refusal.error != ENODEV) {
    refusal.raise("delete route to " + route.dst.str() + " through " + quote(what));
  }
  return !refusal;
}

bool delete_multicast_route(Socket& socket, IfIndex link) {
  const Route route{
      .dst = IpPrefix::parse("ff00::/8"), .table = RT_TABLE_LOCAL, .protocol = RTPROT_KERNEL};
  return !try_delete_route(socket, link, route);
}

std::vector<Route> list_routes(Socket& socket, IfIndex link) {
  std::vector<Route> routes;
  for (const bool v6 : {false, true}) {
    rtmsg header{};
    header.rtm_family = family_of(v6);
    Message message{RTM_GETROUTE, 0};
    message.header(header);
    message.put(RTA_OIF, static_cast<std::uint32_t>(link));
    socket.dump(message, "list routes", [&](const nlmsghdr& reply) {
      if (auto route = parse_route(reply, link)) {
        routes.push_back(std::move(*route));
      }
    });
  }
  return routes;
}

std::optional<Route> find_route(Socket& socket, IfIndex link, const IpAddr& address) {
  std::optional<Route> route;
  socket.query(look_up(address, RTM_F_FIB_MATCH), [&](const nlmsghdr& reply) {
    route = parse_route(reply, link);
  });
  return route;
}

bool is_local(Socket& socket, const IpAddr& address) {
  bool local = false;
  // The entry is enough: for a route the kernel would choose a source among all links' addresses.
  const auto message = look_up(address, RTM_F_FIB_MATCH);
  const Refusal refusal = socket.query(message, [&](const nlmsghdr& reply) {
    const auto* header = header_in<rtmsg>(reply);
    local = header != nullptr && header->rtm_type == RTN_LOCAL;
  });
  return !refusal && local;
}

bool is_forwarding(Socket& socket, bool v6) {
  netconfmsg header{};
  header.ncm_family = family_of(v6);
  Message message{RTM_GETNETCONF, 0};
  message.header(header);
  message.put(NETCONFA_IFINDEX, static_cast<std::uint32_t>(NETCONFA_IFINDEX_ALL));
  bool forwarding = false;
  socket.query(message, [&](const nlmsghdr& reply) {
    std::array<nlattr*, NETCONFA_MAX + 1> attributes{};
    ::nlmsg_parse(
        const_cast<nlmsghdr*>(&reply), sizeof header, attributes.data(), NETCONFA_MAX, nullptr);
    forwarding = number_in(attributes[NETCONFA_FORWARDING], 0) != 0;
  });
  return forwarding;
}

std::optional<IfIndex> find_default_link(Socket& socket) {
  for (const IpAddr& address : unowned_addresses()) {
    std::uint32_t link = 0;
    const Refusal refusal = socket.query(look_up(address), [&](const nlmsghdr& reply) {
      Attributes attributes{};
      ::nlmsg_parse(
          const_cast<nlmsghdr*>(&reply), sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr);
      link = number_in(attributes[RTA_OIF], 0);
    });
    if (!refusal && link != 0) {
      return IfIndex{static_cast<int>(link)};
    }
  }
  return std::nullopt;
}

}  // namespace patchbay::nl
