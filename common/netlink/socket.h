#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/message.h"
#include "netns/netns.h"

struct nl_sock;

namespace patchbay::nl {

/// The kernel's refusal of one request.
struct Refusal {
  int error = 0;       ///< errno; 0 when the request was done.
  std::string extack;  ///< The kernel's own words; often empty.

  [[nodiscard]] explicit operator bool() const noexcept { return error != 0; }
  /// Throws SystemError, `what` telling what was attempted.
  [[noreturn]] void raise(std::string_view what) const;
};

/// What a dump or query yields, message by message.
using Visit = std::function<void(const nlmsghdr&)>;

/// A netlink socket. It keeps acting on the namespace it was opened in, wherever the thread goes
/// later, so a plugin holds two: one for the host, one for the container.
class Socket {
 public:
  enum class Protocol { route, netfilter };

  /// Opens in the calling thread's current namespace. Throws SystemError.
  explicit Socket(Protocol protocol = Protocol::route);
  /// Opens inside `ns`; the thread is back home when this returns.
  static Socket in(const netns::Netns& ns, Protocol protocol = Protocol::route);

  /// Sends `message` and waits for the kernel's answer. Absence and existence are answers that
  /// callers expect, so nothing is thrown for a refusal: ask the return value. Throws SystemError
  /// only when the socket itself fails.
  Refusal try_request(const Message& message);
  /// As try_request(), but a refusal throws SystemError with the kernel's errno and words.
  void request(const Message& message, std::string_view what);
  /// Sends all messages in one system call, so that a kill finds all of them done or none.
  /// The kernel handles them in order and goes on after a refusal; the first one is returned.
  Refusal try_request(std::span<const Message> messages);

  /// Sends a request that is answered by one message (or refused) and shows it to `visit`.
  Refusal query(const Message& message, const Visit& visit);
  /// Sends a dump request; `visit` is called once per reply, in kernel order. A dump that the
  /// kernel marked as interrupted is restarted from scratch, at most 5 times, before `visit` sees
  /// any of it. Throws SystemError.
  void dump(const Message& message, std::string_view what, const Visit& visit);
  /// As dump(), but returns the errno of a refusal instead of throwing it; 0 when it was answered.
  int try_dump(const Message& message, const Visit& visit);
  /// As try_dump(), for a table that may never be still for as long as a dump takes: after 5
  /// interrupted dumps, what they have shown together is the answer. What was there all the time is
  /// in it; what came or went meanwhile may be in it or not, and anything may be in it twice.
  int try_gather(const Message& message, const Visit& visit);

  /// Receives what belongs to a multicast group (RTNLGRP_*). Throws SystemError.
  void join(int group);

  [[nodiscard]] int fd() const;
  enum class Patience { endless, none };
  /// Waits for one datagram and calls `visit` for every message in it, whatever it answers.
  /// Returns the errno of a failed receive, else 0. ENOBUFS: notifications were lost. EBADMSG: the
  /// datagram was cut short. EAGAIN: without patience, and nothing is there.
  int receive(const Visit& visit, Patience patience = Patience::endless);
  /// Sends the bytes of `messages` after numbering them. Throws SystemError.
  void send(std::span<const Message> messages);
  /// The sequence number that send() gave to the last message.
  [[nodiscard]] std::uint32_t last_sequence() const noexcept { return sequence_; }

 private:
  struct Deleter {
    void operator()(nl_sock* socket) const noexcept;
  };

  int dump_once(const Message& message, std::vector<std::string>& replies);

  std::unique_ptr<nl_sock, Deleter> socket_;
  std::uint32_t sequence_ = 0;
};

/// The refusal that `reply` carries; nullopt when it is no acknowledgement.
std::optional<Refusal> acknowledgement(const nlmsghdr& reply);

}  // namespace patchbay::nl
