#include "netlink/addr.h"

#include <array>
#include <cerrno>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "netlink/attribute.h"

namespace patchbay::nl {

namespace {

ifaddrmsg header_of(IfIndex link, const IpPrefix& prefix) {
  ifaddrmsg header{};
  header.ifa_family = prefix.is_v6() ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = static_cast<std::uint8_t>(prefix.length());
  header.ifa_index = static_cast<std::uint32_t>(link);
  return header;
}

void put_ip(Message& message, int attribute, const IpAddr& address) {
  message.put_bytes(attribute, address.bytes().data(), address.size());
}

bool has_broadcast(const IpPrefix& prefix) {
  return !prefix.is_v6() && prefix.length() < 31;
}

using Attributes = std::array<nlattr*, IFA_MAX + 1>;

void read_details(const Attributes& attributes, Address& address) {
  const bool v6 = address.prefix.is_v6();
  const auto* other = attributes[IFA_ADDRESS];
  if (other != nullptr && ::nla_len(other) == (v6 ? 16 : 4)) {
    const auto* bytes = static_cast<const std::uint8_t*>(::nla_data(other));
    const auto peer = IpAddr::from_bytes(bytes, v6);
    address.peer = peer == address.prefix.address() ? std::nullopt : std::optional{peer};
  }
  address.label = text_in(attributes[IFA_LABEL]);
  address.metric = value_in<std::uint32_t>(attributes[IFA_RT_PRIORITY]).value_or(0);
  if (const auto times = value_in<ifa_cacheinfo>(attributes[IFA_CACHEINFO])) {
    address.valid_s = times->ifa_valid;
    address.preferred_s = times->ifa_prefered;
  }
}

std::optional<Address> parse_address(const nlmsghdr& message) {
  auto* raw = const_cast<nlmsghdr*>(&message);  // libnl's parsers do not write
  Attributes attributes{};
  if (message.nlmsg_type != RTM_NEWADDR ||
      ::nlmsg_parse(raw, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto* header = static_cast<const ifaddrmsg*>(::nlmsg_data(raw));
  const bool v6 = header->ifa_family == AF_INET6;
  const auto* ip =
      attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
  if (ip == nullptr || ::nla_len(ip) != (v6 ? 16 : 4) || header->ifa_prefixlen > (v6 ? 128 : 32)) {
    return std::nullopt;
  }
  const auto flags = value_in<std::uint32_t>(attributes[IFA_FLAGS]).value_or(header->ifa_flags);
  const auto* bytes = static_cast<const std::uint8_t*>(::nla_data(ip));
  Address address{
      .prefix = {IpAddr::from_bytes(bytes, v6), header->ifa_prefixlen},
      .scope = header->ifa_scope,
      .tentative = (flags & IFA_F_TENTATIVE) != 0,
      .duplicate = (flags & IFA_F_DADFAILED) != 0,
      .broadcast = attributes[IFA_BROADCAST] != nullptr,
      .flags = flags};
  read_details(attributes, address);
  return address;
}

void put_details(Message& message, const AddressSpec& spec) {
  if (!spec.label.empty()) {
    message.put_text(IFA_LABEL, spec.label);
  }
  if (spec.metric != 0) {
    message.put(IFA_RT_PRIORITY, spec.metric);
  }
  if (spec.valid_s != kForever || spec.preferred_s != kForever) {
    ifa_cacheinfo times{};
    times.ifa_prefered = spec.preferred_s;
    times.ifa_valid = spec.valid_s;
    message.put_bytes(IFA_CACHEINFO, &times, sizeof times);
  }
}

/// Kernels before 4.20 do not filter a dump by link.
bool is_on(const nlmsghdr& message, IfIndex link) {
  const auto* header = static_cast<const ifaddrmsg*>(::nlmsg_data(&message));
  return header->ifa_index == static_cast<std::uint32_t>(link);
}

}  // namespace

Refusal try_add_address(Socket& socket, IfIndex link, const AddressSpec& spec) {
  ifaddrmsg header = header_of(link, spec.address);
  header.ifa_scope = spec.scope;
  Message message{RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL};
  message.header(header);
  put_ip(message, IFA_LOCAL, spec.address.address());
  put_ip(message, IFA_ADDRESS, spec.peer.value_or(spec.address.address()));
  if (spec.broadcast && has_broadcast(spec.address)) {
    put_ip(message, IFA_BROADCAST, spec.address.last());
  }
  std::uint32_t flags = spec.prefix_route ? 0 : IFA_F_NOPREFIXROUTE;
  flags |= spec.address.is_v6() && spec.skip_dad ? IFA_F_NODAD : 0;
  if (flags != 0) {
    message.put(IFA_FLAGS, flags);
  }
  put_details(message, spec);
  return socket.try_request(message);
}

bool add_address(Socket& socket, IfIndex link, const AddressSpec& spec, std::string_view what) {
  const Refusal refusal = try_add_address(socket, link, spec);
  if (refusal && refusal.error != EEXIST) {
    refusal.raise("add address " + spec.address.str() + " to " + quote(what));
  }
  return !refusal;
}

bool delete_address(Socket& socket, IfIndex link, const IpPrefix& address, std::string_view what) {
  Message message{RTM_DELADDR, 0};
  message.header(header_of(link, address));
  put_ip(message, IFA_LOCAL, address.address());
  put_ip(message, IFA_ADDRESS, address.address());
  const Refusal refusal = socket.try_request(message);
  if (refusal && refusal.error != EADDRNOTAVAIL && refusal.error != ENODEV) {
    refusal.raise("delete address " + address.str() + " from " + quote(what));
  }
  return !refusal;
}

std::vector<Address> list_addresses(Socket& socket, IfIndex link) {
  std::vector<Address> addresses;
  for (const int family : {AF_INET, AF_INET6}) {
    ifaddrmsg header{};
    header.ifa_family = static_cast<std::uint8_t>(family);
    header.ifa_index = static_cast<std::uint32_t>(link);
    Message message{RTM_GETADDR, 0};
    message.header(header);
    const int error = socket.try_dump(message, [&](const nlmsghdr& reply) {
      const auto address = parse_address(reply);
      if (address && is_on(reply, link)) {
        addresses.push_back(*address);
      }
    });
    if (error != 0 && error != ENODEV) {
      throw SystemError{error, "list addresses"};
    }
  }
  return addresses;
}

}  // namespace patchbay::nl
