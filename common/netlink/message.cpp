#include "netlink/message.h"

#include <arpa/inet.h>
#include <cstring>
#include <new>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"

namespace patchbay::nl {

namespace {

void require_room(bool fits) {
  if (!fits) {
    throw Error{ErrorCode::internal, "netlink message: larger than its buffer"};
  }
}

}  // namespace

void Message::Deleter::operator()(nl_msg* message) const noexcept {
  ::nlmsg_free(message);
}

Message::Message(std::uint16_t type, std::uint16_t flags, std::size_t capacity)
    : message_{::nlmsg_alloc_size(capacity)} {
  if (!message_) {
    throw std::bad_alloc{};
  }
  ::nlmsg_put(message_.get(), 0, 0, type, 0, NLM_F_REQUEST | flags);
}

void Message::append(const void* bytes, std::size_t size) {
  void* place = ::nlmsg_reserve(message_.get(), size, NLMSG_ALIGNTO);
  require_room(place != nullptr);
  std::memcpy(place, bytes, size);
}

Message& Message::put(int attribute, std::uint8_t value) {
  return put_bytes(attribute, &value, sizeof value);
}

Message& Message::put(int attribute, std::uint16_t value) {
  return put_bytes(attribute, &value, sizeof value);
}

Message& Message::put(int attribute, std::uint32_t value) {
  return put_bytes(attribute, &value, sizeof value);
}

Message& Message::put_be32(int attribute, std::uint32_t value) {
  return put(attribute, htonl(value));
}

Message& Message::put_text(int attribute, std::string_view value) {
  const std::string terminated{value};
  return put_bytes(attribute, terminated.c_str(), terminated.size() + 1);
}

Message& Message::put_bytes(int attribute, const void* bytes, std::size_t size) {
  require_room(::nla_put(message_.get(), attribute, static_cast<int>(size), bytes) == 0);
  return *this;
}

Message::Nest::Nest(Message& message, int attribute)
    : message_{message.message_.get()},
      start_{::nla_nest_start(message_, attribute)} {
  require_room(start_ != nullptr);
}

Message::Nest::~Nest() {
  ::nla_nest_end_keep_empty(message_, start_);
}

nlmsghdr* Message::raw() const {
  return ::nlmsg_hdr(message_.get());
}

}  // namespace patchbay::nl
