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
constexpr int kSourceNat = 100;                         // NF_IP_PRI_NAT_SRC, linux/netfilter_ipv4.h
constexpr std::string_view kBaseChain = "postrouting";  // "masquerade" is a keyword of nft's

std::string map_name(bool v6) {
  return v6 ? "masquerade6" : "masquerade4";
}

std::string key_of(const IpAddr& address) {
  const auto bytes = address.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), address.size()};
}

std::string chain_of(const Owner& owner, const IpPrefix& address) {
  return "net_" + hex(stable_hash(owner.network + " " + address.network().str()));
}

IpPrefix multicast(bool v6) {
  return IpPrefix::parse(v6 ? "ff00::/8" : "224.0.0.0/4");
}

void add_map(Batch& batch, bool v6) {
  batch.add(NFT_MSG_NEWSET, NLM_F_CREATE, [&](nl::Message& message) {
    message.put_text(NFTA_SET_TABLE, kTable);
    message.put_text(NFTA_SET_NAME, map_name(v6));
    message.put_be32(NFTA_SET_FLAGS, NFT_SET_MAP);
    message.put_be32(NFTA_SET_KEY_TYPE, v6 ? kTypeIpv6Addr : kTypeIpv4Addr);
    message.put_be32(NFTA_SET_KEY_LEN, v6 ? 16 : 4);
    message.put_be32(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
    message.put_be32(NFTA_SET_ID, v6 ? 2 : 1);
  });
}

void add_lookup(Batch& batch, bool v6) {
  add_rule(batch, kBaseChain, [&](nl::Message& rule) {
    match_family(rule, v6);
    load_source(rule, v6);
    verdict_map(rule, map_name(v6));
  });
}

/// The base chain is created exclusively: whoever loses the race finds it complete.
void ensure_base(Connection& connection) {
  Batch batch{Family::inet};
  add_table(batch);
  add_base_chain(batch, kBaseChain, {"nat", NF_INET_POST_ROUTING, kSourceNat});
  for (const bool v6 : {false, true}) {
    add_map(batch, v6);
    add_lookup(batch, v6);
  }
  const nl::Refusal refusal = batch.commit(connection);
  if (refusal && refusal.error != EEXIST) {
    refusal.raise("set up masquerading in nftables");
  }
}

void ensure_network(Connection& connection, const std::string& chain, const IpPrefix& subnet) {
  Batch batch{Family::inet};
  add_chain(batch, chain);
  for (const IpPrefix& spared : {subnet, multicast(subnet.is_v6())}) {
    add_rule(batch, chain, [&](nl::Message& rule) {
      match_family(rule, spared.is_v6());
      match_destination(rule, spared);
      return_to_caller(rule);
    });
  }
  add_rule(batch, chain, [](nl::Message& rule) { masquerade(rule); });
  const nl::Refusal refusal = batch.commit(connection);
  if (refusal && refusal.error != EEXIST && refusal.error != ENOENT) {
    refusal.raise("add nftables chain " + quote(chain));
  }
}

}  // namespace

/// Each round may lose a race against somebody who flushes the table.
void add_masquerade(Connection& connection, const Owner& owner, const IpPrefix& address) {
  OwnedSet map{connection, Family::inet, map_name(address.is_v6())};
  const std::string chain = chain_of(owner, address);
  const Element element{key_of(address.address()), chain, owner.label()};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (map.add(element)) {
      return;
    }
    ensure_base(connection);
    ensure_network(connection, chain, address.network());
  }
  throw Error{
      ErrorCode::try_again_later,
      "masquerade " + address.str() + ": nftables chain " + quote(chain) + " keeps vanishing"};
}

void remove_masquerade(
    Connection& connection, const Owner& owner, const std::vector<IpPrefix>& addresses) {
  for (const IpPrefix& address : addresses) {
    OwnedSet map{connection, Family::inet, map_name(address.is_v6())};
    map.remove(key_of(address.address()), owner.label());
  }
}

void remove_masquerade(Connection& connection, const Owner& owner) {
  const std::string mine = owner.label();
  remove_masquerade_if(connection, [&](const std::string& label) { return label == mine; });
}

void remove_masquerade_if(
    Connection& connection, const std::function<bool(const std::string&)>& stale) {
  for (const bool v6 : {false, true}) {
    OwnedSet map{connection, Family::inet, map_name(v6)};
    map.remove_if([&](const Element& element) { return stale(element.label); });
  }
}

void check_masquerade(Connection& connection, const Owner& owner, const IpPrefix& address) {
  OwnedSet map{connection, Family::inet, map_name(address.is_v6())};
  const auto element = map.find(key_of(address.address()));
  if (!element || element->label != owner.label()) {
    throw Error{
        ErrorCode::check_failed,
        "masquerade: nftables map " + quote(map_name(address.is_v6())) + " has no element for " +
            address.address().str() + " of this container"};
  }
  require_rules(connection, {Family::inet, kBaseChain, 2});
  require_rules(connection, {Family::inet, element->chain, 3});
}

}  // namespace patchbay::nft
