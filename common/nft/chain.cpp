#include "nft/chain.h"

#include <cerrno>
#include <netinet/in.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "netlink/attribute.h"

namespace patchbay::nft {

namespace {

Error lost_rules(std::string_view chain) {
  return {
      ErrorCode::check_failed,
      "nftables chain " + quote(chain) + " of table " + quote(kTable) + " has lost its rules"};
}

/// The rules of the chain and those that lead to it, which the kernel counts together.
std::size_t count_uses(Connection& connection, const ChainPromise& promise) {
  std::size_t uses = 0;
  const auto message = query_message(promise.family, NFT_MSG_GETCHAIN, [&](nl::Message& fill) {
    fill.put_text(NFTA_CHAIN_TABLE, kTable);
    fill.put_text(NFTA_CHAIN_NAME, promise.chain);
  });
  connection.socket().query(message, [&](const nlmsghdr& reply) {
    auto* raw = const_cast<nlmsghdr*>(&reply);  // libnl's parsers do not write
    const auto* attribute = ::nlmsg_find_attr(raw, sizeof(nfgenmsg), NFTA_CHAIN_USE);
    uses = ntohl(nl::value_in<std::uint32_t>(attribute).value_or(0));
  });
  return uses;
}

}  // namespace

void add_table(Batch& batch) {
  batch.add(NFT_MSG_NEWTABLE, NLM_F_CREATE, [](nl::Message& message) {
    message.put_text(NFTA_TABLE_NAME, kTable);
  });
}

void add_base_chain(Batch& batch, std::string_view name, const Hook& hook) {
  batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, [&](nl::Message& message) {
    message.put_text(NFTA_CHAIN_TABLE, kTable);
    message.put_text(NFTA_CHAIN_NAME, name);
    {
      const auto nest = message.nest(NFTA_CHAIN_HOOK);
      message.put_be32(NFTA_HOOK_HOOKNUM, hook.number);
      message.put_be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(hook.priority));
    }
    message.put_text(NFTA_CHAIN_TYPE, hook.type);
  });
}

void add_chain(Batch& batch, std::string_view name) {
  batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, [&](nl::Message& message) {
    message.put_text(NFTA_CHAIN_TABLE, kTable);
    message.put_text(NFTA_CHAIN_NAME, name);
  });
}

void add_rule(Batch& batch, std::string_view chain, const Fill& expressions) {
  batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, [&](nl::Message& message) {
    message.put_text(NFTA_RULE_TABLE, kTable);
    message.put_text(NFTA_RULE_CHAIN, chain);
    const auto nest = message.nest(NFTA_RULE_EXPRESSIONS);
    expressions(message);
  });
}

void require_rules(Connection& connection, const ChainPromise& promise) {
  std::size_t rules = 0;
  const auto message = query_message(promise.family, NFT_MSG_GETRULE, [&](nl::Message& fill) {
    fill.put_text(NFTA_RULE_TABLE, kTable);
    fill.put_text(NFTA_RULE_CHAIN, promise.chain);
  });
  const int error = connection.socket().try_dump(message, [&](const nlmsghdr&) { ++rules; });
  if (error != 0 || rules < promise.rules) {
    throw lost_rules(promise.chain);
  }
  if (!promise.reached_from.empty() && count_uses(connection, promise) <= rules) {
    throw lost_rules(promise.reached_from);
  }
}

}  // namespace patchbay::nft
