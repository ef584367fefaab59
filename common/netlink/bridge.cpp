#include "netlink/bridge.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "base/random.h"
#include "netlink/attribute.h"
#include "netlink/link_wire.h"

namespace patchbay::nl {

namespace {

/// Locally administered, unicast. A bridge whose address was set keeps it whatever its ports do.
MacAddr random_mac() {
  const std::uint64_t bits = random_bits();
  MacAddr mac;
  std::memcpy(mac.octets.data(), &bits, mac.octets.size());
  mac.octets[0] = static_cast<std::uint8_t>((mac.octets[0] & 0xfe) | 0x02);
  return mac;
}

Message creation(const BridgeSpec& spec) {
  ifinfomsg header{};
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  Message message{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL};
  message.header(header);
  message.put_text(IFLA_IFNAME, spec.name.str());
  const MacAddr mac = random_mac();
  message.put_bytes(IFLA_ADDRESS, mac.octets.data(), mac.octets.size());
  if (spec.mtu != Mtu{0}) {
    message.put(IFLA_MTU, static_cast<std::uint32_t>(spec.mtu));
  }
  const auto info = message.nest(IFLA_LINKINFO);
  message.put_text(IFLA_INFO_KIND, "bridge");
  if (spec.vlan_filtering) {
    const auto data = message.nest(IFLA_INFO_DATA);
    message.put(IFLA_BR_VLAN_FILTERING, std::uint8_t{1});
  }
  return message;
}

/// A PF_BRIDGE message about one port. A whole table of ranges takes 2 x 8 bytes a range.
Message port_message(std::uint16_t type, std::uint16_t flags, const Link& port) {
  constexpr std::size_t kRoomForEveryVlan = 65536;
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = static_cast<int>(port.index);
  Message message{type, flags, kRoomForEveryVlan};
  message.header(header);
  return message;
}

void put_vlan(Message& message, std::uint16_t vid, int flags) {
  const bridge_vlan_info info{static_cast<std::uint16_t>(flags), vid};
  message.put_bytes(IFLA_BRIDGE_VLAN_INFO, &info, sizeof info);
}

void put_vlans(Message& message, const std::vector<VlanRange>& ranges) {
  const auto nest = message.nest(IFLA_AF_SPEC);
  for (const auto& range : ranges) {
    const int native = range.native ? BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED : 0;
    if (range.first == range.last) {
      put_vlan(message, range.first, native);
      continue;
    }
    put_vlan(message, range.first, native | BRIDGE_VLAN_INFO_RANGE_BEGIN);
    put_vlan(message, range.last, native | BRIDGE_VLAN_INFO_RANGE_END);
  }
}

void append_vlan(std::vector<VlanRange>& ranges, const bridge_vlan_info& info) {
  const bool native = (info.flags & BRIDGE_VLAN_INFO_PVID) != 0;
  if ((info.flags & BRIDGE_VLAN_INFO_RANGE_END) != 0 && !ranges.empty()) {
    ranges.back().last = info.vid;
    return;
  }
  const bool adjoins =
      !ranges.empty() && !native && !ranges.back().native && ranges.back().last + 1 == info.vid;
  if (adjoins) {
    ranges.back().last = info.vid;
  } else {
    ranges.push_back({info.vid, info.vid, native});
  }
}

void read_vlans(const nlmsghdr& reply, IfIndex port, std::vector<VlanRange>& ranges) {
  auto* raw = const_cast<nlmsghdr*>(&reply);  // libnl's parsers do not write
  const auto* header = header_in<ifinfomsg>(reply);
  auto* spec = ::nlmsg_find_attr(raw, sizeof *header, IFLA_AF_SPEC);
  if (header == nullptr || header->ifi_index != static_cast<int>(port) || spec == nullptr) {
    return;
  }
  int left = 0;
  nlattr* entry = nullptr;
  nla_for_each_nested(entry, spec, left) {
    const auto info = value_in<bridge_vlan_info>(entry);
    if (::nla_type(entry) == IFLA_BRIDGE_VLAN_INFO && info) {
      append_vlan(ranges, *info);
    }
  }
}

}  // namespace

FoundBridge ensure_bridge(Socket& socket, const BridgeSpec& spec) {
  auto link = find_link(socket, spec.name);
  bool created = false;
  if (!link) {
    const Refusal refusal = socket.try_request(creation(spec));
    if (refusal && refusal.error != EEXIST) {
      refusal.raise(
          "create bridge " + quote(spec.name.str()) +
          (spec.vlan_filtering ? ", filtering VLANs" : ""));
    }
    created = !refusal;
    link = get_link(socket, spec.name);
  }
  if (link->kind != "bridge") {
    throw Error{
        ErrorCode::invalid_config,
        "bridge: link " + quote(spec.name.str()) + " already exists, and is " +
            (link->kind.empty() ? "no bridge" : "a " + link->kind + ", not a bridge")};
  }
  return {std::move(*link), created};
}

void set_vlan_filtering(Socket& socket, const Link& bridge, bool on) {
  Message message = link_message(RTM_NEWLINK, 0, static_cast<int>(bridge.index));
  {
    const auto info = message.nest(IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, "bridge");
    const auto data = message.nest(IFLA_INFO_DATA);
    message.put(IFLA_BR_VLAN_FILTERING, static_cast<std::uint8_t>(on));
  }
  socket.request(message, "set vlan_filtering of bridge " + quote(bridge.name.str()));
}

void set_port(Socket& socket, const Link& port, const PortState& state) {
  Message message = port_message(RTM_SETLINK, 0, port);
  {
    const auto info = message.nest(IFLA_PROTINFO);
    message.put(IFLA_BRPORT_MODE, static_cast<std::uint8_t>(state.hairpin));
    message.put(IFLA_BRPORT_ISOLATED, static_cast<std::uint8_t>(state.isolated));
  }
  socket.request(message, "set hairpin and isolation of port " + quote(port.name.str()));
}

void add_vlans(Socket& socket, const Link& port, const std::vector<VlanRange>& ranges) {
  Message message = port_message(RTM_SETLINK, 0, port);
  put_vlans(message, ranges);
  socket.request(message, "add VLANs to port " + quote(port.name.str()));
}

void delete_vlans(Socket& socket, const Link& port, const std::vector<VlanRange>& ranges) {
  Message message = port_message(RTM_DELLINK, 0, port);
  put_vlans(message, ranges);
  socket.request(message, "delete VLANs from port " + quote(port.name.str()));
}

std::vector<VlanRange> list_vlans(Socket& socket, const Link& port) {
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  Message message{RTM_GETLINK, 0};
  message.header(header);
  message.put(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_BRVLAN_COMPRESSED});
  std::vector<VlanRange> ranges;
  socket.dump(message, "list bridge VLANs", [&](const nlmsghdr& reply) {
    read_vlans(reply, port.index, ranges);
  });
  return ranges;
}

}  // namespace patchbay::nl
