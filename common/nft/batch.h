#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/socket.h"

namespace patchbay::nft {

/// The nf_tables families we use: NFPROTO_INET and NFPROTO_BRIDGE.
enum class Family : std::uint8_t { inet = 1, bridge = 7 };

/// The one table that is ours, in each family that is used.
inline constexpr std::string_view kTable = "patchbay";

/// Fills a message with its attributes.
using Fill = std::function<void(nl::Message&)>;

/// A connection to nf_tables in the namespace it was opened in.
///
/// Closing it soon after something was deleted takes a RCU grace period (about 10 ms): the kernel
/// then waits for the deleted memory to be freed (net/netfilter/nf_tables_api.c: nft_rcv_nl_event).
/// So DEL leaves the last copy of the descriptor to the child that sits out such a period anyway.
class Connection {
 public:
  Connection() : socket_{nl::Socket::Protocol::netfilter} {}

  nl::Socket& socket() { return socket_; }
  [[nodiscard]] int fd() const { return socket_.fd(); }

 private:
  nl::Socket socket_;
};

/// One nf_tables transaction: nothing of it is seen by packets until all of it is.
class Batch {
 public:
  explicit Batch(Family family);

  /// Appends a message. `kind` is NFT_MSG_*, `flags` NLM_F_CREATE, NLM_F_EXCL, NLM_F_APPEND.
  void add(int kind, std::uint16_t flags, const Fill& fill);
  /// Sends everything. Returns what the kernel refused first; nothing has then been done.
  nl::Refusal commit(Connection& connection);

 private:
  Family family_;
  std::vector<nl::Message> messages_;
};

/// Throws SystemError when the kernel has no nf_tables, or does not let us use it.
void require_support(Connection& connection);

/// A single nf_tables query or dump message, outside any transaction.
nl::Message query_message(Family family, int kind, const Fill& fill);

}  // namespace patchbay::nft
