#include "netlink/link_wire.h"

#include <algorithm>
#include <array>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "netlink/attribute.h"

namespace patchbay::nl {

namespace {

template <std::size_t N>
using Attributes = std::array<nlattr*, N>;

template <std::size_t N>
Attributes<N> parse_nested(nlattr* nest) {
  Attributes<N> attributes{};
  ::nla_parse_nested(attributes.data(), static_cast<int>(N) - 1, nest, nullptr);
  return attributes;
}

void read_bridge(nlattr* data, Link& link) {
  const auto info = parse_nested<IFLA_BR_MAX + 1>(data);
  link.vlan_filtering = value_in<std::uint8_t>(info[IFLA_BR_VLAN_FILTERING]).value_or(0) != 0;
  link.default_pvid = value_in<std::uint16_t>(info[IFLA_BR_VLAN_DEFAULT_PVID]).value_or(0);
}

void read_port(nlattr* data, Link& link) {
  const auto info = parse_nested<IFLA_BRPORT_MAX + 1>(data);
  link.port.hairpin = value_in<std::uint8_t>(info[IFLA_BRPORT_MODE]).value_or(0) != 0;
  link.port.isolated = value_in<std::uint8_t>(info[IFLA_BRPORT_ISOLATED]).value_or(0) != 0;
}

void read_info(nlattr* nest, Link& link) {
  const auto info = parse_nested<IFLA_INFO_MAX + 1>(nest);
  link.kind = text_in(info[IFLA_INFO_KIND]);
  if (info[IFLA_INFO_DATA] != nullptr && link.kind == "bridge") {
    read_bridge(info[IFLA_INFO_DATA], link);
  }
  if (info[IFLA_INFO_SLAVE_DATA] != nullptr && text_in(info[IFLA_INFO_SLAVE_KIND]) == "bridge") {
    read_port(info[IFLA_INFO_SLAVE_DATA], link);
  }
}

std::uint32_t read_xdp(nlattr* nest) {
  const auto xdp = parse_nested<IFLA_XDP_MAX + 1>(nest);
  return value_in<std::uint32_t>(xdp[IFLA_XDP_PROG_ID]).value_or(0);
}

std::optional<IfIndex> index_in(const nlattr* attribute) {
  const auto number = value_in<int>(attribute);
  return number ? std::optional{IfIndex{*number}} : std::nullopt;
}

std::optional<MacAddr> mac_in(const nlattr* attribute) {
  MacAddr mac;
  if (attribute == nullptr || ::nla_len(attribute) != static_cast<int>(mac.octets.size())) {
    return std::nullopt;
  }
  const auto* bytes = static_cast<const std::uint8_t*>(::nla_data(attribute));
  std::copy_n(bytes, mac.octets.size(), mac.octets.begin());
  return mac;
}

/// What the device behind the link is.
void read_hardware(const Attributes<IFLA_MAX + 1>& attributes, Link& link) {
  link.permanent_mac = mac_in(attributes[IFLA_PERM_ADDRESS]);
  const auto* bus = attributes[IFLA_PARENT_DEV_BUS_NAME];
  const auto* name = attributes[IFLA_PARENT_DEV_NAME];
  if (bus != nullptr && name != nullptr) {
    link.parent = text_in(bus) + "/" + text_in(name);
  }
}

void read_attributes(const Attributes<IFLA_MAX + 1>& attributes, Link& link) {
  link.mac = mac_in(attributes[IFLA_ADDRESS]).value_or(MacAddr{});
  link.mtu = Mtu{value_in<std::uint32_t>(attributes[IFLA_MTU]).value_or(0)};
  link.oper_up = value_in<std::uint8_t>(attributes[IFLA_OPERSTATE]) == IF_OPER_UP;
  link.alias = text_in(attributes[IFLA_IFALIAS]);
  link.group = value_in<std::uint32_t>(attributes[IFLA_GROUP]).value_or(0);
  if (attributes[IFLA_LINKINFO] != nullptr) {
    read_info(attributes[IFLA_LINKINFO], link);
  }
  if (attributes[IFLA_XDP] != nullptr) {
    link.xdp_program = read_xdp(attributes[IFLA_XDP]);
  }
  link.master = index_in(attributes[IFLA_MASTER]);
  link.peer = index_in(attributes[IFLA_LINK]);
  link.peer_nsid = value_in<int>(attributes[IFLA_LINK_NETNSID]);
  read_hardware(attributes, link);
}

}  // namespace

Message link_message(std::uint16_t type, std::uint16_t flags, int index) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  Message message{type, flags};
  message.header(header);
  return message;
}

void put_link_local(Message& message, bool on) {
  const auto inet6 = message.nest(AF_INET6);
  const std::uint8_t mode = on ? IN6_ADDR_GEN_MODE_EUI64 : IN6_ADDR_GEN_MODE_NONE;
  message.put(IFLA_INET6_ADDR_GEN_MODE, mode);
}

bool is_about(const nlmsghdr& message, IfIndex link) {
  return (message.nlmsg_type == RTM_NEWLINK || message.nlmsg_type == RTM_DELLINK) &&
         ::nlmsg_valid_hdr(&message, sizeof(ifinfomsg)) != 0 &&
         static_cast<const ifinfomsg*>(::nlmsg_data(&message))->ifi_index == static_cast<int>(link);
}

std::optional<Link> parse_link(const nlmsghdr& message) {
  auto* raw = const_cast<nlmsghdr*>(&message);  // libnl's parsers do not write
  Attributes<IFLA_MAX + 1> attributes{};
  if (::nlmsg_parse(raw, sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) < 0 ||
      attributes[IFLA_IFNAME] == nullptr) {
    return std::nullopt;
  }
  const auto* header = static_cast<const ifinfomsg*>(::nlmsg_data(raw));
  const std::string name = text_in(attributes[IFLA_IFNAME]);
  if (header->ifi_family != AF_UNSPEC || ifname_fault(name)) {
    return std::nullopt;
  }
  Link link{
      .index = IfIndex{header->ifi_index},
      .name = IfName::parse(name),
      .kind = {},
      .mac = {},
      .up = (header->ifi_flags & IFF_UP) != 0,
      .promiscuous = (header->ifi_flags & IFF_PROMISC) != 0,
      .master = {},
      .peer = {},
      .peer_nsid = {},
      .alias = {},
      .parent = {},
      .permanent_mac = {},
      .loopback = (header->ifi_flags & IFF_LOOPBACK) != 0,
      .port = {}};
  read_attributes(attributes, link);
  return link;
}

}  // namespace patchbay::nl
