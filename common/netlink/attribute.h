#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <type_traits>

#include <netlink/attr.h>
#include <netlink/msg.h>

/// Reading what the kernel has sent, for .cpp files. libnl's own functions believe that an
/// attribute is as long as its type wants it to be; with these, nothing behind its end is read.
namespace patchbay::nl {

/// The number or structure at the beginning of an attribute; nullopt when there is no attribute, or
/// one that is too short.
template <typename Value>
std::optional<Value> value_in(const nlattr* attribute) {
  static_assert(std::is_trivially_copyable_v<Value>);
  Value value{};
  if (attribute == nullptr || ::nla_len(attribute) < static_cast<int>(sizeof value)) {
    return std::nullopt;
  }
  std::memcpy(&value, ::nla_data(attribute), sizeof value);
  return value;
}

/// The text in an attribute, which ends at a zero or with the attribute; empty when there is none.
std::string text_in(const nlattr* attribute);

/// What follows nlmsghdr: ifinfomsg, rtmsg...; null when the message is too short for it.
template <typename Header>
const Header* header_in(const nlmsghdr& message) {
  return ::nlmsg_datalen(&message) < static_cast<int>(sizeof(Header))
             ? nullptr
             : static_cast<const Header*>(::nlmsg_data(&message));
}

}  // namespace patchbay::nl
