#include "support/kernel_dump.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "netlink/socket.h"

namespace patchbay::test {

namespace {

using Lines = std::vector<std::string>;
using nl::Message;
using nl::Socket;

std::string hex_of(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0xfU];
  }
  return text;
}

/// In quotes when it can be read, else in hex. Comments of nftables begin with type and length.
std::string value_of(const nlattr* attribute) {
  const auto* bytes = static_cast<const unsigned char*>(::nla_data(attribute));
  const auto size = static_cast<std::size_t>(::nla_len(attribute));
  const auto is_text = [](unsigned char c) { return c >= ' ' && c < 127; };
  constexpr std::size_t kCommentHeader = 2;
  for (const std::size_t skipped : {std::size_t{0}, kCommentHeader}) {
    if (size > skipped + 2 && bytes[size - 1] == 0 &&
        std::all_of(bytes + skipped, bytes + size - 1, is_text)) {
      return '"' + std::string{bytes + skipped, bytes + size - 1} + '"';
    }
  }
  return hex_of(bytes, size);
}

/// How the attributes of one kind of object are told.
struct Layout {
  std::set<int> noise{};
  std::map<int, Layout> nests{};
  std::map<int, std::function<std::string(const nlattr*)>> values{};
};

std::string describe(const nlattr* first, int length, const Layout& layout) {
  std::string text;
  int left = length;
  for (const nlattr* one = first; ::nla_ok(one, left) != 0; one = ::nla_next(one, &left)) {
    const int type = ::nla_type(one);
    if (layout.noise.count(type) != 0) {
      continue;
    }
    text += " " + std::to_string(type) + "=";
    const auto nest = layout.nests.find(type);
    const auto value = layout.values.find(type);
    if (nest != layout.nests.end()) {
      const auto* inner = static_cast<const nlattr*>(::nla_data(one));
      text += "{" + describe(inner, ::nla_len(one), nest->second) + " }";
    } else {
      text += value != layout.values.end() ? value->second(one) : value_of(one);
    }
  }
  return text;
}

template <typename Header>
const Header& header_of(const nlmsghdr& message) {
  return *static_cast<const Header*>(::nlmsg_data(&message));
}

std::string attributes_of(const nlmsghdr& message, std::size_t header, const Layout& layout) {
  const auto size = static_cast<int>(header);
  return describe(::nlmsg_attrdata(&message, size), ::nlmsg_attrlen(&message, size), layout);
}

const nlattr* find_attribute(const nlmsghdr& message, std::size_t header, int type) {
  const auto size = static_cast<int>(header);
  return ::nla_find(::nlmsg_attrdata(&message, size), ::nlmsg_attrlen(&message, size), type);
}

std::uint32_t number_in(const nlattr* attribute) {
  std::uint32_t number = 0;
  std::memcpy(&number, ::nla_data(attribute), sizeof number);
  return number;
}

template <typename Header>
void dump_objects(
    Socket& socket, int type, Header header, const std::function<void(const nlmsghdr&)>& visit) {
  Message message{static_cast<std::uint16_t>(type), 0};
  message.header(header);
  socket.dump(message, "dump objects of type " + std::to_string(type), visit);
}

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Interface numbers as names: a link that is made anew gets another number.
class Names {
 public:
  explicit Names(Socket& socket) {
    dump_objects(socket, RTM_GETLINK, ifinfomsg{}, [&](const nlmsghdr& message) {
      if (const auto* name = find_attribute(message, sizeof(ifinfomsg), IFLA_IFNAME)) {
        names_[header_of<ifinfomsg>(message).ifi_index] = ::nla_get_string(name);
      }
    });
  }
  [[nodiscard]] std::string of(int index) const {
    const auto found = names_.find(index);
    return found == names_.end() ? std::to_string(index) : found->second;
  }
  [[nodiscard]] std::string in(const nlattr* attribute) const {
    return of(static_cast<int>(number_in(attribute)));
  }

 private:
  std::map<int, std::string> names_;
};

// Newer than our headers.
constexpr int kLearnedEntries = 48;  // IFLA_BR_FDB_N_LEARNED, Linux 6.7
constexpr int kGroups = 41;          // IFLA_BRPORT_MCAST_N_GROUPS, Linux 6.3

Layout link_layout(const Names& names) {
  const Layout inet6{
      .noise = {IFLA_INET6_FLAGS, IFLA_INET6_STATS, IFLA_INET6_CACHEINFO, IFLA_INET6_ICMP6STATS}};
  const Layout bridge{
      .noise = {
          IFLA_BR_HELLO_TIMER,
          IFLA_BR_TCN_TIMER,
          IFLA_BR_TOPOLOGY_CHANGE_TIMER,
          IFLA_BR_GC_TIMER,
          IFLA_BR_TOPOLOGY_CHANGE,
          IFLA_BR_TOPOLOGY_CHANGE_DETECTED,
          kLearnedEntries}};
  const Layout port{
      .noise = {
          IFLA_BRPORT_STATE,
          IFLA_BRPORT_MESSAGE_AGE_TIMER,
          IFLA_BRPORT_FORWARD_DELAY_TIMER,
          IFLA_BRPORT_HOLD_TIMER,
          IFLA_BRPORT_TOPOLOGY_CHANGE_ACK,
          IFLA_BRPORT_CONFIG_PENDING,
          IFLA_BRPORT_MCAST_EHT_HOSTS_CNT,
          kGroups}};
  return {
      .noise =
          {IFLA_LINK,
           IFLA_QDISC,
           IFLA_STATS,
           IFLA_STATS64,
           IFLA_OPERSTATE,
           IFLA_LINKMODE,
           IFLA_CARRIER,
           IFLA_CARRIER_CHANGES,
           IFLA_CARRIER_UP_COUNT,
           IFLA_CARRIER_DOWN_COUNT,
           IFLA_LINK_NETNSID},
      .nests =
          {{IFLA_LINKINFO,
            {.noise = {IFLA_INFO_XSTATS},
             .nests = {{IFLA_INFO_DATA, bridge}, {IFLA_INFO_SLAVE_DATA, port}}}},
           {IFLA_AF_SPEC, {.nests = {{AF_INET6, inet6}}}}},
      .values = {{IFLA_MASTER, [&names](const nlattr* index) { return names.in(index); }}}};
}

std::string describe_link(const nlmsghdr& message, const Names& names) {
  const auto& header = header_of<ifinfomsg>(message);
  const auto flags = header.ifi_flags & ~(0U | IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT);
  return "link " + names.of(header.ifi_index) + " type " + std::to_string(header.ifi_type) +
         " flags " + std::to_string(flags) +
         attributes_of(message, sizeof header, link_layout(names));
}

/// Times are told by whether they end at all.
std::string lifetime_of(const nlattr* attribute) {
  ifa_cacheinfo times{};
  std::memcpy(&times, ::nla_data(attribute), sizeof times);
  return times.ifa_valid == UINT32_MAX ? "forever" : "limited";
}

std::optional<std::string> describe_address(const nlmsghdr& message, const Names& names) {
  const auto& header = header_of<ifaddrmsg>(message);
  if (header.ifa_family == AF_INET6 && header.ifa_scope == RT_SCOPE_LINK) {
    return std::nullopt;
  }
  const Layout layout{.values = {{IFA_CACHEINFO, lifetime_of}}};
  return "address of " + names.of(static_cast<int>(header.ifa_index)) + " family " +
         std::to_string(header.ifa_family) + " /" + std::to_string(header.ifa_prefixlen) +
         " scope " + std::to_string(header.ifa_scope) +
         attributes_of(message, sizeof header, layout);
}

/// Link-local and multicast routes of IPv6 and anycast addresses come and go with the carrier.
bool is_automatic_route(const nlmsghdr& message) {
  const auto& header = header_of<rtmsg>(message);
  if (header.rtm_type == RTN_ANYCAST || header.rtm_type == RTN_MULTICAST) {
    return true;
  }
  const auto* dst = find_attribute(message, sizeof header, RTA_DST);
  if (header.rtm_family != AF_INET6 || dst == nullptr) {
    return false;
  }
  const auto* bytes = static_cast<const unsigned char*>(::nla_data(dst));
  return (bytes[0] == 0xfe && bytes[1] == 0x80) || bytes[0] == 0xff;
}

std::string describe_route(const nlmsghdr& message, const Names& names) {
  const auto& header = header_of<rtmsg>(message);
  const auto name_in = [&names](const nlattr* index) { return names.in(index); };
  const Layout layout{.noise = {RTA_CACHEINFO}, .values = {{RTA_OIF, name_in}, {RTA_IIF, name_in}}};
  const auto flags = header.rtm_flags & ~(0U | RTNH_F_LINKDOWN | RTNH_F_DEAD);
  std::string text = "route";
  for (const unsigned part :
       {0U + header.rtm_family,
        0U + header.rtm_dst_len,
        0U + header.rtm_src_len,
        0U + header.rtm_tos,
        0U + header.rtm_protocol,
        0U + header.rtm_scope,
        0U + header.rtm_type,
        0U + flags}) {
    text += " " + std::to_string(part);
  }
  return text + attributes_of(message, sizeof header, layout);
}

std::string describe_rule(const nlmsghdr& message) {
  const auto& header = header_of<fib_rule_hdr>(message);
  return "rule " + hex_of(reinterpret_cast<const unsigned char*>(&header), sizeof header) +
         attributes_of(message, sizeof header, {});
}

/// Multicast groups are joined in the kernel's own time.
bool is_group(const nlmsghdr& message) {
  const auto* address = find_attribute(message, sizeof(ndmsg), NDA_LLADDR);
  return header_of<ndmsg>(message).ndm_family == AF_BRIDGE && address != nullptr &&
         (*static_cast<const unsigned char*>(::nla_data(address)) & 1U) != 0;
}

std::optional<std::string> describe_neighbour(const nlmsghdr& message, const Names& names) {
  const auto& header = header_of<ndmsg>(message);
  if ((header.ndm_state & NUD_PERMANENT) == 0 || is_group(message)) {
    return std::nullopt;
  }
  const Layout layout{
      .noise = {NDA_CACHEINFO, NDA_PROBES},
      .values = {{NDA_MASTER, [&names](const nlattr* index) { return names.in(index); }}}};
  return "neighbour of " + names.of(header.ndm_ifindex) + " family " +
         std::to_string(header.ndm_family) + attributes_of(message, sizeof header, layout);
}

/// The kernel's own ones come with the first time that a link is up; they have no handle.
std::optional<std::string> describe_qdisc(const nlmsghdr& message, const Names& names) {
  const auto& header = header_of<tcmsg>(message);
  if (header.tcm_handle == 0) {
    return std::nullopt;
  }
  const Layout layout{.noise = {TCA_STATS, TCA_STATS2, TCA_XSTATS}};
  return "qdisc of " + names.of(header.tcm_ifindex) + " handle " +
         std::to_string(header.tcm_handle) + " parent " + std::to_string(header.tcm_parent) +
         attributes_of(message, sizeof header, layout);
}

template <typename Header>
void dump_nft(
    Socket& socket,
    int kind,
    const Header& fill,
    const std::function<void(const nlmsghdr&, int)>& visit) {
  Message message{static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | kind), 0};
  fill(message);
  socket.dump(message, "dump nftables", [&](const nlmsghdr& reply) {
    visit(reply, header_of<nfgenmsg>(reply).nfgen_family);
  });
}

void header_for(Message& message, int family) {
  message.header(nfgenmsg{static_cast<std::uint8_t>(family), NFNETLINK_V0, 0});
}

/// What is in an expression "counter" counts.
std::string expression_of(const nlattr* element) {
  const auto* inside = static_cast<const nlattr*>(::nla_data(element));
  const auto* name = ::nla_find(inside, ::nla_len(element), NFTA_EXPR_NAME);
  const bool counts = name != nullptr && std::string_view{::nla_get_string(name)} == "counter";
  return counts ? "counter" : value_of(element);
}

struct NftKind {
  const char* name;
  int request;
  Layout layout;
};

const std::vector<NftKind>& nft_kinds() {
  static const std::vector<NftKind> kinds{
      {"table", NFT_MSG_GETTABLE, {.noise = {NFTA_TABLE_HANDLE, NFTA_TABLE_USE}}},
      {"chain",
       NFT_MSG_GETCHAIN,
       {.noise = {NFTA_CHAIN_HANDLE, NFTA_CHAIN_USE, NFTA_CHAIN_COUNTERS}}},
      {"rule",
       NFT_MSG_GETRULE,
       {.noise = {NFTA_RULE_HANDLE, NFTA_RULE_POSITION},
        .nests = {{NFTA_RULE_EXPRESSIONS, {.values = {{NFTA_LIST_ELEM, expression_of}}}}}}},
      {"set", NFT_MSG_GETSET, {.noise = {NFTA_SET_HANDLE}}},
      {"object", NFT_MSG_GETOBJ, {.noise = {NFTA_OBJ_HANDLE, NFTA_OBJ_USE, NFTA_OBJ_DATA}}},
      {"flowtable", NFT_MSG_GETFLOWTABLE, {.noise = {NFTA_FLOWTABLE_HANDLE, NFTA_FLOWTABLE_USE}}}};
  return kinds;
}

struct SetName {
  int family;
  std::string table;
  std::string name;
};

std::string text_of(const nlmsghdr& message, int type) {
  const auto* attribute = find_attribute(message, sizeof(nfgenmsg), type);
  return attribute == nullptr ? "" : ::nla_get_string(attribute);
}

void add_elements(Socket& socket, const SetName& set, Lines& lines) {
  const auto fill = [&](Message& message) {
    header_for(message, set.family);
    message.put_text(NFTA_SET_ELEM_LIST_TABLE, set.table);
    message.put_text(NFTA_SET_ELEM_LIST_SET, set.name);
  };
  const std::string start =
      "nft element of " + std::to_string(set.family) + " " + set.table + " " + set.name;
  dump_nft(socket, NFT_MSG_GETSETELEM, fill, [&](const nlmsghdr& reply, int) {
    const auto* list = find_attribute(reply, sizeof(nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS);
    int left = list == nullptr ? 0 : ::nla_len(list);
    const auto* one = list == nullptr ? nullptr : static_cast<const nlattr*>(::nla_data(list));
    for (; one != nullptr && ::nla_ok(one, left) != 0; one = ::nla_next(one, &left)) {
      const auto* inside = static_cast<const nlattr*>(::nla_data(one));
      lines.push_back(
          start + describe(inside, ::nla_len(one), {.noise = {NFTA_SET_ELEM_EXPIRATION}}));
    }
  });
}

}  // namespace

std::vector<std::string> links_and_addresses() {
  Socket socket;
  const Names names{socket};
  Lines lines;
  dump_objects(socket, RTM_GETLINK, ifinfomsg{}, [&](const nlmsghdr& message) {
    lines.push_back(describe_link(message, names));
  });
  dump_objects(socket, RTM_GETADDR, ifaddrmsg{}, [&](const nlmsghdr& message) {
    if (auto line = describe_address(message, names)) {
      lines.push_back(std::move(*line));
    }
  });
  return sorted(std::move(lines));
}

std::vector<std::string> routes() {
  Socket socket;
  const Names names{socket};
  Lines lines;
  for (const int family : {AF_INET, AF_INET6}) {
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(family);
    dump_objects(socket, RTM_GETROUTE, header, [&](const nlmsghdr& message) {
      if (!is_automatic_route(message)) {
        lines.push_back(describe_route(message, names));
      }
    });
  }
  return sorted(std::move(lines));
}

std::vector<std::string> rules_neighbours_and_qdiscs() {
  Socket socket;
  const Names names{socket};
  Lines lines;
  for (const int family : {AF_INET, AF_INET6}) {
    fib_rule_hdr header{};
    header.family = static_cast<std::uint8_t>(family);
    dump_objects(socket, RTM_GETRULE, header, [&](const nlmsghdr& message) {
      lines.push_back(describe_rule(message));
    });
  }
  for (const int family : {AF_UNSPEC, AF_BRIDGE}) {
    ndmsg header{};
    header.ndm_family = static_cast<std::uint8_t>(family);
    dump_objects(socket, RTM_GETNEIGH, header, [&](const nlmsghdr& message) {
      if (auto line = describe_neighbour(message, names)) {
        lines.push_back(std::move(*line));
      }
    });
  }
  dump_objects(socket, RTM_GETQDISC, tcmsg{}, [&](const nlmsghdr& message) {
    if (auto line = describe_qdisc(message, names)) {
      lines.push_back(std::move(*line));
    }
  });
  return sorted(std::move(lines));
}

/// Rules are numbered: their order counts.
std::vector<std::string> nft_ruleset() {
  Socket socket{Socket::Protocol::netfilter};
  Lines lines;
  std::vector<SetName> sets;
  const auto fill = [](Message& message) { header_for(message, AF_UNSPEC); };
  for (const auto& kind : nft_kinds()) {
    int number = 0;
    dump_nft(socket, kind.request, fill, [&](const nlmsghdr& reply, int family) {
      const bool ordered = kind.request == NFT_MSG_GETRULE;
      lines.push_back(
          std::string{"nft "} + kind.name + " " + std::to_string(family) +
          (ordered ? " #" + std::to_string(number++) : "") +
          attributes_of(reply, sizeof(nfgenmsg), kind.layout));
      if (kind.request == NFT_MSG_GETSET) {
        sets.push_back({family, text_of(reply, NFTA_SET_TABLE), text_of(reply, NFTA_SET_NAME)});
      }
    });
  }
  for (const auto& set : sets) {
    add_elements(socket, set, lines);
  }
  return sorted(std::move(lines));
}

}  // namespace patchbay::test
