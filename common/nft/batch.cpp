#include "nft/batch.h"

#include <arpa/inet.h>
#include <cerrno>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/error.h"

namespace patchbay::nft {

namespace {

nl::Message message_of(std::uint16_t type, std::uint16_t flags, std::uint8_t family, int resource) {
  nl::Message message{type, flags};
  const nfgenmsg header{family, NFNETLINK_V0, htons(static_cast<std::uint16_t>(resource))};
  message.header(header);
  return message;
}

nl::Message table_message(Family family, int kind, std::uint16_t flags) {
  const auto type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | kind);
  return message_of(type, flags, static_cast<std::uint8_t>(family), 0);
}

}  // namespace

Batch::Batch(Family family) : family_{family} {
  messages_.push_back(message_of(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

void Batch::add(int kind, std::uint16_t flags, const Fill& fill) {
  nl::Message message = table_message(family_, kind, flags | NLM_F_ACK);
  fill(message);
  messages_.push_back(std::move(message));
}

/// The kernel answers the messages in between, in order; a batch that is refused as a whole (no
/// permission, no memory) is answered once, for its first message.
nl::Refusal Batch::commit(Connection& connection) {
  messages_.push_back(message_of(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  nl::Socket& socket = connection.socket();
  socket.send(messages_);
  const std::uint32_t last = socket.last_sequence() - 1;
  const std::uint32_t begin =
      socket.last_sequence() - static_cast<std::uint32_t>(messages_.size()) + 1;
  nl::Refusal first;
  std::uint32_t answered = begin;
  while (answered != last) {
    const int error = socket.receive([&](const nlmsghdr& reply) {
      auto answer = nl::acknowledgement(reply);
      if (!answer || reply.nlmsg_seq < begin || reply.nlmsg_seq > last) {
        return;
      }
      answered = reply.nlmsg_seq == begin ? last : reply.nlmsg_seq;
      if (*answer && !first) {
        first = std::move(*answer);
      }
    });
    if (error != 0) {
      throw SystemError{error, "receive the answer to an nftables transaction"};
    }
  }
  return first;
}

/// The number of the current generation is the smallest thing to ask for.
void require_support(Connection& connection) {
  const auto message = query_message(Family::inet, NFT_MSG_GETGEN, [](nl::Message&) {});
  const nl::Refusal refusal = connection.socket().query(message, [](const nlmsghdr&) {});
  if (refusal) {
    refusal.raise("ask nftables for its generation");
  }
}

nl::Message query_message(Family family, int kind, const Fill& fill) {
  nl::Message message = table_message(family, kind, 0);
  fill(message);
  return message;
}

}  // namespace patchbay::nft
