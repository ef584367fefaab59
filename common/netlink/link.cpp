#include "netlink/link.h"

#include <cerrno>
#include <map>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "netlink/attribute.h"
#include "netlink/link_wire.h"

namespace patchbay::nl {

namespace {

std::optional<Link> query_link(Socket& socket, const Message& message, const std::string& name) {
  std::optional<Link> link;
  const Refusal refusal =
      socket.query(message, [&](const nlmsghdr& reply) { link = parse_link(reply); });
  if (refusal && refusal.error != ENODEV) {
    refusal.raise("look up link " + name);
  }
  return link;
}

void put_families(Message& message, const LinkChange& change) {
  if (!change.arp_notify && !change.link_local) {
    return;
  }
  const auto families = message.nest(IFLA_AF_SPEC);
  if (change.arp_notify) {
    const auto inet = message.nest(AF_INET);
    const auto settings = message.nest(IFLA_INET_CONF);
    message.put(IPV4_DEVCONF_ARP_NOTIFY, static_cast<std::uint32_t>(*change.arp_notify));
  }
  if (change.link_local) {
    put_link_local(message, *change.link_local);
  }
}

void put_xdp(Message& message, int program) {
  const auto xdp = message.nest(IFLA_XDP);
  message.put(IFLA_XDP_FD, static_cast<std::uint32_t>(program));
  message.put(IFLA_XDP_FLAGS, static_cast<std::uint32_t>(XDP_FLAGS_SKB_MODE));
}

void put_identity(Message& message, const LinkChange& change) {
  if (change.target != nullptr) {
    message.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(change.target->fd()));
  }
  if (change.target_index) {
    message.put(IFLA_NEW_IFINDEX, static_cast<std::uint32_t>(*change.target_index));
  }
  if (change.name) {
    message.put_text(IFLA_IFNAME, change.name->str());
  }
  if (change.alias) {
    message.put_text(IFLA_IFALIAS, *change.alias);
  }
}

void put_flag(ifinfomsg& header, const std::optional<bool>& wanted, unsigned flag) {
  if (wanted) {
    header.ifi_change |= flag;
    header.ifi_flags |= *wanted ? flag : 0;
  }
}

}  // namespace

std::optional<Link> find_link(Socket& socket, const IfName& name) {
  Message message = link_message(RTM_GETLINK, 0, 0);
  message.put_text(IFLA_IFNAME, name.str());
  return query_link(socket, message, quote(name.str()));
}

std::optional<Link> find_link(Socket& socket, IfIndex index) {
  const int number = static_cast<int>(index);
  return query_link(
      socket, link_message(RTM_GETLINK, 0, number), "number " + std::to_string(number));
}

Link get_link(Socket& socket, const IfName& name) {
  if (auto link = find_link(socket, name)) {
    return std::move(*link);
  }
  throw SystemError{ENODEV, "look up link " + quote(name.str())};
}

std::optional<int> find_nsid(Socket& socket, const netns::Netns& ns) {
  Message message{RTM_GETNSID, 0};
  message.header(rtgenmsg{AF_UNSPEC});
  message.put(NETNSA_FD, static_cast<std::uint32_t>(ns.fd()));
  std::optional<int> nsid;
  const Refusal refusal = socket.query(message, [&](const nlmsghdr& reply) {
    nsid = value_in<int>(::nlmsg_find_attr(
        const_cast<nlmsghdr*>(&reply), sizeof(rtgenmsg), NETNSA_NSID));  // which does not write
  });
  if (refusal) {
    refusal.raise("look up a network namespace's number");
  }
  return nsid && *nsid >= 0 ? nsid : std::nullopt;
}

std::vector<Link> list_links(Socket& socket) {
  std::map<IfIndex, Link> seen;
  const int error = socket.try_gather(link_message(RTM_GETLINK, 0, 0), [&](const nlmsghdr& reply) {
    if (auto link = parse_link(reply)) {
      seen.insert_or_assign(link->index, std::move(*link));
    }
  });
  if (error != 0) {
    throw SystemError{error, "list links"};
  }
  std::vector<Link> links;
  for (auto& [index, link] : seen) {
    links.push_back(std::move(link));
  }
  return links;
}

void change_link(Socket& socket, IfIndex link, const LinkChange& change, std::string_view what) {
  if (const Refusal refusal = try_change_link(socket, link, change)) {
    refusal.raise(what);
  }
}

Refusal try_change_link(Socket& socket, IfIndex link, const LinkChange& change) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(link);
  put_flag(header, change.up, IFF_UP);
  put_flag(header, change.promiscuous, IFF_PROMISC);
  Message message{RTM_SETLINK, 0};
  message.header(header);
  if (change.mtu) {
    message.put(IFLA_MTU, static_cast<std::uint32_t>(*change.mtu));
  }
  if (change.mac) {
    message.put_bytes(IFLA_ADDRESS, change.mac->octets.data(), change.mac->octets.size());
  }
  if (change.master) {
    message.put(IFLA_MASTER, static_cast<std::uint32_t>(*change.master));
  }
  if (change.xdp_program) {
    put_xdp(message, *change.xdp_program);
  }
  put_families(message, change);
  put_identity(message, change);
  return socket.try_request(message);
}

bool delete_link(Socket& socket, IfIndex index) {
  const Refusal refusal = socket.try_request(link_message(RTM_DELLINK, 0, static_cast<int>(index)));
  if (refusal && refusal.error != ENODEV) {
    refusal.raise("delete link number " + std::to_string(static_cast<int>(index)));
  }
  return !refusal;
}

}  // namespace patchbay::nl
