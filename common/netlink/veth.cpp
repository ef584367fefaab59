#include "netlink/veth.h"

#include <cerrno>
#include <vector>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "base/random.h"
#include "base/undo_log.h"
#include "netlink/link_wire.h"

namespace patchbay::nl {

namespace {

constexpr int kNames = 8;
constexpr std::string_view kAliasPrefix = "patchbay:";

/// The `attempt`th name for the host's end.
IfName host_name(const Owner& owner, int attempt) {
  const auto seed = owner.label() + (attempt == 0 ? "" : "#" + std::to_string(attempt));
  return IfName::parse("veth" + hex(stable_hash(seed)).substr(0, 8));
}

IfName random_name() {
  return IfName::parse("veth" + hex(random_bits()).substr(8));
}

/// fe in front: the bridge takes the lowest address of its ports for its own, never this one.
MacAddr host_mac(const Owner& owner) {
  const auto hash = stable_hash(owner.label() + "#mac");
  MacAddr mac;
  for (std::size_t i = 1; i < mac.octets.size(); ++i) {
    mac.octets.at(i) = static_cast<std::uint8_t>(hash >> (8 * i));
  }
  mac.octets[0] = 0xfe;
  return mac;
}

void put_mtu(Message& message, Mtu mtu) {
  if (mtu != Mtu{0}) {
    message.put(IFLA_MTU, static_cast<std::uint32_t>(mtu));
  }
}

/// One queue each way is what a pair works with unless somebody raises the number; the kernel would
/// set up one for every CPU, and take all but the first away again.
void put_queues(Message& message) {
  message.put(IFLA_NUM_TX_QUEUES, std::uint32_t{1});
  message.put(IFLA_NUM_RX_QUEUES, std::uint32_t{1});
}

/// The container's end must not carry IFF_UP: the kernel would answer ENOTCONN.
void put_peer(Message& message, const VethSpec& spec) {
  const auto info = message.nest(IFLA_LINKINFO);
  message.put_text(IFLA_INFO_KIND, "veth");
  const auto data = message.nest(IFLA_INFO_DATA);
  const auto peer = message.nest(VETH_INFO_PEER);
  message.header(ifinfomsg{});
  message.put_text(IFLA_IFNAME, spec.ifname.str());
  message.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(spec.container.fd()));
  put_mtu(message, spec.mtu);
  put_queues(message);
  if (spec.mac) {
    message.put_bytes(IFLA_ADDRESS, spec.mac->octets.data(), spec.mac->octets.size());
  }
}

Message creation(const VethSpec& spec, const IfName& name) {
  ifinfomsg header{};
  header.ifi_flags = spec.master ? 0 : IFF_UP;
  header.ifi_change = IFF_UP;
  Message message{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL};
  message.header(header);
  message.put_text(IFLA_IFNAME, name.str());
  const MacAddr mac = host_mac(spec.owner);
  message.put_bytes(IFLA_ADDRESS, mac.octets.data(), mac.octets.size());
  put_mtu(message, spec.mtu);
  put_queues(message);
  if (spec.master) {
    message.put(IFLA_MASTER, static_cast<std::uint32_t>(*spec.master));
  }
  if (spec.group != 0) {
    message.put(IFLA_GROUP, spec.group);
  }
  put_peer(message, spec);
  return message;
}

Message marking(const Owner& owner, const IfName& name) {
  Message message = link_message(RTM_SETLINK, 0, 0);
  message.put_text(IFLA_IFNAME, name.str());
  message.put_text(IFLA_IFALIAS, alias_of(owner));
  return message;
}

/// Whoever asks for the link `other` gets this one.
Message naming(const IfName& name, const IfName& other) {
  Message message = link_message(RTM_NEWLINKPROP, 0, 0);
  message.put_text(IFLA_IFNAME, name.str());
  const auto names = message.nest(IFLA_PROP_LIST);
  message.put_text(IFLA_ALT_IFNAME, other.str());
  return message;
}

/// A bridge port needs no IPv6 address of its own: its routes would only make the host's table, and
/// what the kernel walks of it at every change, grow with the containers.
Message silencing(const IfName& name) {
  Message message = link_message(RTM_SETLINK, 0, 0);
  message.put_text(IFLA_IFNAME, name.str());
  const auto families = message.nest(IFLA_AF_SPEC);
  put_link_local(message, false);
  return message;
}

std::vector<Message> messages_of(const VethSpec& spec, const IfName& name, const IfName& usual) {
  std::vector<Message> messages;
  messages.push_back(creation(spec, name));
  messages.push_back(marking(spec.owner, name));
  if (name != usual) {
    messages.push_back(naming(name, usual));
  }
  if (spec.master) {
    messages.push_back(silencing(name));
  }
  return messages;
}

/// What to do about a creation refused with EEXIST: returns when another name should be tried.
void judge_existing(Socket& host, const VethSpec& spec, const IfName& name) {
  const auto existing = find_link(host, name);
  if (!existing) {
    throw interface_exists(spec.ifname);
  }
  if (existing->alias == alias_of(spec.owner)) {
    throw Error{
        ErrorCode::invalid_environment,
        "CNI_IFNAME: " + quote(spec.ifname.str()) + " of container " +
            quote(spec.owner.container_id) + " is attached to network " +
            quote(spec.owner.network) + " already, by " + quote(name.str())};
  }
}

/// When it is not known how far the creation came: the pair may exist, unmarked.
void discard(Socket& host, const Owner& owner, const IfName& name) {
  const auto link = find_link(host, name);
  if (link && link->mac == host_mac(owner)) {
    delete_link(host, link->index);
  }
}

}  // namespace

std::string alias_of(const Owner& owner) {
  return std::string{kAliasPrefix} + owner.label();
}

std::string_view label_of(std::string_view alias) {
  return alias.starts_with(kAliasPrefix) ? alias.substr(kAliasPrefix.size()) : std::string_view{};
}

std::optional<Owner> owner_of(std::string_view alias) {
  return parse_label(label_of(alias));
}

Error interface_exists(const IfName& ifname) {
  return {
      ErrorCode::invalid_environment,
      "CNI_IFNAME: interface " + quote(ifname.str()) + " already exists in the container"};
}

Link add_veth(Socket& host, const VethSpec& spec) {
  for (int attempt = 0; attempt < kNames; ++attempt) {
    const IfName usual = host_name(spec.owner, attempt);
    if (find_link(host, usual)) {  // asked first: a foreign link must never get our mark
      judge_existing(host, spec, usual);
      continue;
    }
    const IfName name = spec.new_name ? random_name() : usual;
    UndoLog undo;  // also when the answer is lost, or the pair is made but not marked
    undo.on_failure(
        "delete the veth pair " + quote(name.str()), [&] { discard(host, spec.owner, name); });
    const Refusal refusal = host.try_request(messages_of(spec, name, usual));
    if (!refusal || refusal.error == EAFNOSUPPORT) {  // a kernel without IPv6 has no such address
      Link link = get_link(host, name);
      undo.commit();
      return link;
    }
    if (refusal.error != EEXIST) {
      refusal.raise(
          "create the veth pair " + quote(name.str()) + " and " + quote(spec.ifname.str()));
    }
    if (name == usual) {  // another ADD of this owner may have made it meanwhile
      undo.commit();
    }
    judge_existing(host, spec, usual);
  }
  throw SystemError{EEXIST, "find a free name for the host end of " + quote(spec.ifname.str())};
}

bool add_host_pair(Socket& host, const HostPairSpec& spec) {
  ifinfomsg header{};
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  Message message{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL};
  message.header(header);
  message.put_text(IFLA_IFNAME, spec.port.str());
  message.put(IFLA_MASTER, static_cast<std::uint32_t>(spec.bridge));
  {
    const auto info = message.nest(IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, "veth");
    const auto data = message.nest(IFLA_INFO_DATA);
    const auto peer = message.nest(VETH_INFO_PEER);
    message.header(ifinfomsg{});
    message.put_text(IFLA_IFNAME, spec.name.str());
  }
  const Refusal refusal = host.try_request(message);
  if (refusal && refusal.error != EEXIST) {
    refusal.raise("create the veth pair " + quote(spec.name.str()));
  }
  const Link near = get_link(host, spec.name);
  change_link(host, near.index, {.up = true}, "set " + quote(spec.name.str()) + " up");
  return !refusal;
}

std::optional<Link> find_veth(Socket& host, const Owner& owner) {
  const std::string alias = alias_of(owner);
  for (int attempt = 0; attempt < kNames; ++attempt) {
    auto link = find_link(host, host_name(owner, attempt));
    if (link && link->kind == "veth" && link->alias == alias) {
      return link;
    }
  }
  return std::nullopt;
}

}  // namespace patchbay::nl
