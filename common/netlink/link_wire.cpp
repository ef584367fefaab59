#include "netlink/link_wire.h"

#include <algorithm>
#include <array>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

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
  if (info[IFLA_BR_VLAN_FILTERING] != nullptr) {
    link.vlan_filtering = ::nla_get_u8(info[IFLA_BR_VLAN_FILTERING]) != 0;
  }
  if (info[IFLA_BR_VLAN_DEFAULT_PVID] != nullptr) {
    link.default_pvid = ::nla_get_u16(info[IFLA_BR_VLAN_DEFAULT_PVID]);
  }
}

void read_port(nlattr* data, Link& link) {
  const auto info = parse_nested<IFLA_BRPORT_MAX + 1>(data);
  if (info[IFLA_BRPORT_MODE] != nullptr) {
    link.port.hairpin = ::nla_get_u8(info[IFLA_BRPORT_MODE]) != 0;
  }
  if (info[IFLA_BRPORT_ISOLATED] != nullptr) {
    link.port.isolated = ::nla_get_u8(info[IFLA_BRPORT_ISOLATED]) != 0;
  }
}

void read_info(nlattr* nest, Link& link) {
  const auto info = parse_nested<IFLA_INFO_MAX + 1>(nest);
  if (info[IFLA_INFO_KIND] != nullptr) {
    link.kind = ::nla_get_string(info[IFLA_INFO_KIND]);
  }
  if (info[IFLA_INFO_DATA] != nullptr && link.kind == "bridge") {
    read_bridge(info[IFLA_INFO_DATA], link);
  }
  const auto* slave_kind = info[IFLA_INFO_SLAVE_KIND];
  if (info[IFLA_INFO_SLAVE_DATA] != nullptr && slave_kind != nullptr &&
      std::string_view{::nla_get_string(slave_kind)} == "bridge") {
    read_port(info[IFLA_INFO_SLAVE_DATA], link);
  }
}

std::uint32_t read_xdp(nlattr* nest) {
  const auto xdp = parse_nested<IFLA_XDP_MAX + 1>(nest);
  return xdp[IFLA_XDP_PROG_ID] == nullptr ? 0 : ::nla_get_u32(xdp[IFLA_XDP_PROG_ID]);
}

std::optional<IfIndex> index_in(const nlattr* attribute) {
  if (attribute == nullptr) {
    return std::nullopt;
  }
  return IfIndex{static_cast<int>(::nla_get_u32(attribute))};
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
  auto* bus = attributes[IFLA_PARENT_DEV_BUS_NAME];
  auto* name = attributes[IFLA_PARENT_DEV_NAME];
  if (bus != nullptr && name != nullptr) {
    link.parent = std::string{::nla_get_string(bus)} + "/" + ::nla_get_string(name);
  }
}

void read_attributes(const Attributes<IFLA_MAX + 1>& attributes, Link& link) {
  link.mac = mac_in(attributes[IFLA_ADDRESS]).value_or(MacAddr{});
  if (attributes[IFLA_MTU] != nullptr) {
    link.mtu = Mtu{::nla_get_u32(attributes[IFLA_MTU])};
  }
  if (attributes[IFLA_OPERSTATE] != nullptr) {
    link.oper_up = ::nla_get_u8(attributes[IFLA_OPERSTATE]) == IF_OPER_UP;
  }
  if (attributes[IFLA_IFALIAS] != nullptr) {
    link.alias = ::nla_get_string(attributes[IFLA_IFALIAS]);
  }
  if (attributes[IFLA_GROUP] != nullptr) {
    link.group = ::nla_get_u32(attributes[IFLA_GROUP]);
  }
  if (attributes[IFLA_LINKINFO] != nullptr) {
    read_info(attributes[IFLA_LINKINFO], link);
  }
  if (attributes[IFLA_XDP] != nullptr) {
    link.xdp_program = read_xdp(attributes[IFLA_XDP]);
  }
  link.master = index_in(attributes[IFLA_MASTER]);
  link.peer = index_in(attributes[IFLA_LINK]);
  if (attributes[IFLA_LINK_NETNSID] != nullptr) {
    link.peer_nsid = static_cast<int>(::nla_get_u32(attributes[IFLA_LINK_NETNSID]));
  }
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

std::optional<Link> parse_link(const nlmsghdr& message) {
  auto* raw = const_cast<nlmsghdr*>(&message);  // libnl's parsers do not write
  Attributes<IFLA_MAX + 1> attributes{};
  if (::nlmsg_parse(raw, sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) < 0 ||
      attributes[IFLA_IFNAME] == nullptr) {
    return std::nullopt;
  }
  const auto* header = static_cast<const ifinfomsg*>(::nlmsg_data(raw));
  const std::string_view name = ::nla_get_string(attributes[IFLA_IFNAME]);
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
