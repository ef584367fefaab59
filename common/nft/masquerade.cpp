#include "nft/masquerade.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "nft/chain.h"
#include "nft/expression.h"

namespace patchbay::nft {

namespace {

constexpr int kAttempts = 8;
constexpr std::uint32_t kTypeIpv4Addr = 7;  // nft's own numbers for data types (datatype.h)
constexpr std::uint32_t kTypeIpv6Addr = 8;
constexpr int kSourceNat = 100;  // NF_IP_PRI_NAT_SRC, linux/netfilter_ipv4.h
constexpr std::string_view kPrefix = "net_";
constexpr std::string_view kBaseChain = "postrouting";  // "masquerade" is a keyword of nft's

std::string key_of(const IpAddr& address) {
  const auto bytes = address.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), address.size()};
}

/// Of the set of a network's addresses in one subnet, and of the chain that serves them.
std::string name_for(const Owner& owner, const IpPrefix& address) {
  return std::string{kPrefix} + hex(stable_hash(owner.network + " " + address.network().str()));
}

std::vector<std::string> list_networks(Connection& connection) {
  auto names = list_sets(connection, Family::inet);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with(kPrefix); });
  return names;
}

IpPrefix multicast(bool v6) {
  return IpPrefix::parse(v6 ? "ff00::/8" : "224.0.0.0/4");
}

void add_set(Batch& batch, const std::string& name, bool v6) {
  batch.add(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, [&](nl::Message& message) {
    message.put_text(NFTA_SET_TABLE, kTable);
    message.put_text(NFTA_SET_NAME, name);
    message.put_be32(NFTA_SET_FLAGS, 0);
    message.put_be32(NFTA_SET_KEY_TYPE, v6 ? kTypeIpv6Addr : kTypeIpv4Addr);
    message.put_be32(NFTA_SET_KEY_LEN, v6 ? 16 : 4);
    message.put_be32(NFTA_SET_ID, 1);
  });
}

/// The base chain is created exclusively: whoever loses the race finds it there.
void ensure_base(Connection& connection) {
  Batch batch{Family::inet};
  add_table(batch);
  add_base_chain(batch, kBaseChain, {"nat", NF_INET_POST_ROUTING, kSourceNat});
  const nl::Refusal refusal = batch.commit(connection);
  if (refusal && refusal.error != EEXIST) {
    refusal.raise("set up masquerading in nftables");
  }
}

/// The same.
void ensure_network(Connection& connection, const std::string& name, const IpPrefix& subnet) {
  const bool v6 = subnet.is_v6();
  Batch batch{Family::inet};
  add_set(batch, name, v6);
  add_chain(batch, name);
  for (const IpPrefix& spared : {subnet, multicast(v6)}) {
    add_rule(batch, name, [&](nl::Message& rule) {
      match_family(rule, v6);
      match_destination(rule, spared);
      return_to_caller(rule);
    });
  }
  add_rule(batch, name, [](nl::Message& rule) { masquerade(rule); });
  add_rule(batch, kBaseChain, [&](nl::Message& rule) {
    match_family(rule, v6);
    load_source(rule, v6);
    in_set(rule, name);
    go_to(rule, name);
  });
  const nl::Refusal refusal = batch.commit(connection);
  if (refusal && refusal.error != EEXIST && refusal.error != ENOENT) {
    refusal.raise("set up masquerading of " + subnet.str() + " in nftables");
  }
}

}  // namespace

/// Each round may lose a race against somebody who flushes the table.
void add_masquerade(Connection& connection, const Owner& owner, const IpPrefix& address) {
  const std::string name = name_for(owner, address);
  OwnedSet set{connection, Family::inet, name};
  const Element element{key_of(address.address()), owner.label()};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (set.add(element)) {
      return;
    }
    ensure_base(connection);
    ensure_network(connection, name, address.network());
  }
  throw Error{
      ErrorCode::try_again_later,
      "masquerade " + address.str() + ": nftables set " + quote(name) + " keeps vanishing"};
}

void remove_masquerade(
    Connection& connection, const Owner& owner, const std::vector<IpPrefix>& addresses) {
  for (const IpPrefix& address : addresses) {
    OwnedSet set{connection, Family::inet, name_for(owner, address)};
    set.remove(key_of(address.address()), owner.label());
  }
}

void remove_masquerade(Connection& connection, const Owner& owner) {
  const std::string mine = owner.label();
  remove_masquerade_if(connection, [&](const std::string& label) { return label == mine; });
}

void remove_masquerade_if(
    Connection& connection, const std::function<bool(const std::string&)>& stale) {
  for (const auto& name : list_networks(connection)) {
    OwnedSet set{connection, Family::inet, name};
    set.remove_if([&](const Element& element) { return stale(element.label); });
  }
}

void check_masquerade(Connection& connection, const Owner& owner, const IpPrefix& address) {
  const std::string name = name_for(owner, address);
  OwnedSet set{connection, Family::inet, name};
  const auto element = set.find(key_of(address.address()));
  if (!element || element->label != owner.label()) {
    throw Error{
        ErrorCode::check_failed,
        "masquerade: nftables set " + quote(name) + " has no element for " +
            address.address().str() + " of this container"};
  }
  require_rules(connection, {Family::inet, name, 3, kBaseChain});
}

}  // namespace patchbay::nft
