#include "netlink/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <new>

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "base/error.h"
#include "netlink/attribute.h"

namespace patchbay::nl {

namespace {

constexpr std::size_t kReceiveBuffer = 65536;
constexpr int kDumpAttempts = 5;

/// What a code of the kernel's says, which is 0 or a negated errno.
int errno_of(int code) {
  return code <= 0 && code != std::numeric_limits<int>::min() ? -code : EBADMSG;
}

/// The kernel's own words, from the attributes behind an extended acknowledgement.
std::string extack_text(const nlmsghdr& reply, const nlmsgerr& error) {
  if ((reply.nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
    return {};
  }
  std::size_t offset = sizeof error;
  if ((reply.nlmsg_flags & NLM_F_CAPPED) == 0) {
    offset += error.msg.nlmsg_len - sizeof(nlmsghdr);
  }
  const auto length = static_cast<std::size_t>(::nlmsg_datalen(&reply));
  if (offset >= length) {
    return {};
  }
  offset = NLMSG_ALIGN(offset);
  const auto* start =
      reinterpret_cast<const nlattr*>(static_cast<const char*>(::nlmsg_data(&reply)) + offset);
  const int left = static_cast<int>(length) - static_cast<int>(offset);
  return text_in(::nla_find(start, left, NLMSGERR_ATTR_MSG));
}

/// A dump that fails halfway says so in its last message.
int error_of_done(const nlmsghdr& reply) {
  int code = 0;
  if (::nlmsg_datalen(&reply) >= static_cast<int>(sizeof code)) {
    std::memcpy(&code, ::nlmsg_data(&reply), sizeof code);
  }
  return code < 0 ? errno_of(code) : 0;
}

/// What is received, while it is looked at. All sockets use the same memory in turn, because memory
/// that is touched for the first time costs page faults; who receives while another datagram is
/// still looked at has its own.
class ReceiveBuffer {
 public:
  ReceiveBuffer() : bytes_{std::move(spare())} {
    if (!bytes_) {
      bytes_.reset(new char[kReceiveBuffer]);
    }
  }
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
  ReceiveBuffer(ReceiveBuffer&&) = delete;
  ReceiveBuffer& operator=(ReceiveBuffer&&) = delete;
  ~ReceiveBuffer() { spare() = std::move(bytes_); }

  char* get() { return bytes_.get(); }

 private:
  static std::unique_ptr<char[]>& spare() {
    thread_local std::unique_ptr<char[]> one;
    return one;
  }

  std::unique_ptr<char[]> bytes_;
};

struct DumpProgress {
  int error = 0;
  bool done = false;
};

void note_dumped(const nlmsghdr& reply, DumpProgress& progress, std::vector<std::string>& replies) {
  if ((reply.nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
    progress.error = EINTR;
  }
  if (const auto answer = acknowledgement(reply)) {
    progress = {.error = answer->error, .done = true};
  } else if (reply.nlmsg_type == NLMSG_DONE) {
    progress = {.error = progress.error != 0 ? progress.error : error_of_done(reply), .done = true};
  } else {
    replies.emplace_back(reinterpret_cast<const char*>(&reply), reply.nlmsg_len);
  }
}

void visit_all(const std::vector<std::string>& replies, const Visit& visit) {
  for (const auto& reply : replies) {
    visit(*reinterpret_cast<const nlmsghdr*>(reply.data()));
  }
}

void enable(int fd, int option) {
  const int on = 1;
  (void)::setsockopt(fd, SOL_NETLINK, option, &on, sizeof on);  // older kernels do without
}

}  // namespace

void Refusal::raise(std::string_view what) const {
  throw SystemError{error, what, extack};
}

std::optional<Refusal> acknowledgement(const nlmsghdr& reply) {
  if (reply.nlmsg_type != NLMSG_ERROR) {
    return std::nullopt;
  }
  const auto* error = header_in<nlmsgerr>(reply);
  if (error == nullptr) {
    return Refusal{EBADMSG, {}};
  }
  return Refusal{errno_of(error->error), extack_text(reply, *error)};
}

void Socket::Deleter::operator()(nl_sock* socket) const noexcept {
  ::nl_socket_free(socket);
}

Socket::Socket(Protocol protocol) : socket_{::nl_socket_alloc()} {
  if (!socket_) {
    throw std::bad_alloc{};
  }
  errno = 0;
  const int number = protocol == Protocol::route ? NETLINK_ROUTE : NETLINK_NETFILTER;
  if (::nl_connect(socket_.get(), number) < 0) {
    throw SystemError{errno, "open a netlink socket"};
  }
  enable(fd(), NETLINK_EXT_ACK);
  enable(fd(), NETLINK_CAP_ACK);
  if (protocol == Protocol::route) {
    enable(fd(), NETLINK_GET_STRICT_CHK);  // dumps filtered by the kernel (Linux 4.20)
  }
}

Socket Socket::in(const netns::Netns& ns, Protocol protocol) {
  const netns::ScopedNetns inside{ns};
  return Socket{protocol};
}

int Socket::fd() const {
  return ::nl_socket_get_fd(socket_.get());
}

void Socket::join(int group) {
  if (::nl_socket_add_membership(socket_.get(), group) < 0) {
    throw SystemError{errno, "join a netlink multicast group"};
  }
}

void Socket::send(std::span<const Message> messages) {
  std::string bytes;
  for (const auto& message : messages) {
    nlmsghdr* raw = message.raw();
    raw->nlmsg_seq = ++sequence_;
    bytes.append(reinterpret_cast<const char*>(raw), raw->nlmsg_len);
    bytes.resize(NLMSG_ALIGN(bytes.size()));
  }
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const auto sent = ::sendto(
      fd(),
      bytes.data(),
      bytes.size(),
      0,
      reinterpret_cast<const sockaddr*>(&kernel),
      sizeof kernel);
  if (sent < 0) {
    throw SystemError{errno, "send a netlink request"};
  }
}

int Socket::receive(const Visit& visit, Patience patience) {
  const int flags = patience == Patience::none ? MSG_DONTWAIT : 0;
  ReceiveBuffer buffer;
  ssize_t got = -1;
  do {
    got = ::recv(fd(), buffer.get(), kReceiveBuffer, flags);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return errno;
  }
  int left = static_cast<int>(got);
  auto* reply = reinterpret_cast<nlmsghdr*>(buffer.get());
  for (; ::nlmsg_ok(reply, left) != 0; reply = ::nlmsg_next(reply, &left)) {
    visit(*reply);
  }
  return left > 0 || got == 0 ? EBADMSG : 0;
}

Refusal Socket::try_request(const Message& message) {
  return try_request(std::span{&message, 1});
}

Refusal Socket::try_request(std::span<const Message> messages) {
  for (const auto& message : messages) {
    message.raw()->nlmsg_flags |= NLM_F_ACK;
  }
  send(messages);
  Refusal first;
  std::uint32_t answered = sequence_ - static_cast<std::uint32_t>(messages.size());
  while (answered != sequence_) {
    const int error = receive([&](const nlmsghdr& reply) {
      auto answer = acknowledgement(reply);
      if (!answer || reply.nlmsg_seq != answered + 1) {
        return;
      }
      ++answered;
      if (*answer && !first) {
        first = std::move(*answer);
      }
    });
    if (error != 0) {
      throw SystemError{error, "receive the answer to a netlink request"};
    }
  }
  return first;
}

void Socket::request(const Message& message, std::string_view what) {
  if (const Refusal refusal = try_request(message)) {
    refusal.raise(what);
  }
}

Refusal Socket::query(const Message& message, const Visit& visit) {
  send(std::span{&message, 1});
  Refusal refusal;
  bool answered = false;
  while (!answered) {
    const int error = receive([&](const nlmsghdr& reply) {
      if (answered || reply.nlmsg_seq != sequence_) {
        return;
      }
      answered = true;
      if (auto answer = acknowledgement(reply)) {
        refusal = std::move(*answer);
      } else {
        visit(reply);
      }
    });
    if (error != 0) {
      throw SystemError{error, "receive the answer to a netlink query"};
    }
  }
  return refusal;
}

int Socket::dump_once(const Message& message, std::vector<std::string>& replies) {
  message.raw()->nlmsg_flags |= NLM_F_DUMP;
  send(std::span{&message, 1});
  DumpProgress progress;
  while (!progress.done) {
    const int error = receive([&](const nlmsghdr& reply) {
      if (!progress.done && reply.nlmsg_seq == sequence_) {
        note_dumped(reply, progress, replies);
      }
    });
    if (error != 0) {
      return error;
    }
  }
  return progress.error;
}

int Socket::try_dump(const Message& message, const Visit& visit) {
  std::vector<std::string> replies;
  int outcome = EINTR;
  for (int attempt = 0; outcome == EINTR && attempt < kDumpAttempts; ++attempt) {
    replies.clear();
    outcome = dump_once(message, replies);
  }
  if (outcome == 0) {
    visit_all(replies, visit);
  }
  return outcome;
}

int Socket::try_gather(const Message& message, const Visit& visit) {
  std::vector<std::string> seen;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    std::vector<std::string> replies;
    const int outcome = dump_once(message, replies);
    if (outcome == 0) {
      visit_all(replies, visit);
    }
    if (outcome != EINTR) {
      return outcome;
    }
    std::move(replies.begin(), replies.end(), std::back_inserter(seen));
  }
  visit_all(seen, visit);
  return 0;
}

void Socket::dump(const Message& message, std::string_view what, const Visit& visit) {
  if (const int error = try_dump(message, visit); error != 0) {
    throw SystemError{error, what};
  }
}

}  // namespace patchbay::nl
