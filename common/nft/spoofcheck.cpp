#include "nft/spoofcheck.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>

#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include "base/error.h"
#include "nft/chain.h"
#include "nft/expression.h"

namespace patchbay::nft {

namespace {

constexpr std::string_view kChain = "spoofcheck";
constexpr std::uint32_t kPreRouting = 0;  // NF_BR_PRE_ROUTING, linux/netfilter_bridge.h
constexpr int kDestinationNat = -300;     // NF_BR_PRI_NAT_DST_BRIDGED
constexpr std::string_view kSet = "port_macs";
// nft's own numbers for data types (datatype.h); a concatenation shifts them by 6 bits each.
constexpr std::uint32_t kTypeLladdr = 9;
constexpr std::uint32_t kTypeIfname = 41;
constexpr std::uint32_t kTypeBits = 6;
constexpr std::size_t kMacPadded = 8;  // parts of a concatenation are padded to 4 bytes

OwnedSet set_of(Connection& connection) {
  return {connection, Family::bridge, std::string{kSet}};
}

std::string key_of(const IfName& port, const MacAddr& mac) {
  std::string key = port.str();
  key.resize(IFNAMSIZ);
  key.append(mac.octets.begin(), mac.octets.end());
  key.resize(IFNAMSIZ + kMacPadded);
  return key;
}

void ensure_base(Connection& connection) {
  Batch batch{Family::bridge};
  add_table(batch);
  add_base_chain(batch, kChain, {"filter", kPreRouting, kDestinationNat});
  batch.add(NFT_MSG_NEWSET, NLM_F_CREATE, [](nl::Message& message) {
    message.put_text(NFTA_SET_TABLE, kTable);
    message.put_text(NFTA_SET_NAME, kSet);
    message.put_be32(NFTA_SET_FLAGS, 0);
    message.put_be32(NFTA_SET_KEY_TYPE, kTypeIfname << kTypeBits | kTypeLladdr);
    message.put_be32(NFTA_SET_KEY_LEN, IFNAMSIZ + kMacPadded);
    message.put_be32(NFTA_SET_ID, 1);
  });
  add_rule(batch, kChain, [](nl::Message& rule) {
    match_input_group(rule, kSpoofCheckGroup);
    load_input_and_mac(rule);
    not_in_set(rule, kSet);
    drop(rule);
  });
  const nl::Refusal refusal = batch.commit(connection);
  if (refusal && refusal.error != EEXIST) {
    refusal.raise("set up the MAC spoof check in nftables");
  }
}

}  // namespace

void add_spoofcheck(
    Connection& connection, const Owner& owner, const IfName& port, const MacAddr& mac) {
  OwnedSet set = set_of(connection);
  const Element element{key_of(port, mac), owner.label()};
  if (set.add(element)) {
    return;
  }
  ensure_base(connection);
  if (!set.add(element)) {
    throw SystemError{ENOENT, "guard port " + quote(port.str()) + " against spoofing"};
  }
}

bool remove_spoofcheck(
    Connection& connection, const Owner& owner, const IfName& port, const MacAddr& mac) {
  return set_of(connection).remove(key_of(port, mac), owner.label());
}

void remove_spoofcheck(Connection& connection, const Owner& owner) {
  const std::string mine = owner.label();
  remove_spoofcheck_if(connection, [&](const std::string& label) { return label == mine; });
}

void remove_spoofcheck_if(
    Connection& connection, const std::function<bool(const std::string&)>& stale) {
  set_of(connection).remove_if([&](const Element& element) { return stale(element.label); });
}

void check_spoofcheck(
    Connection& connection, const Owner& owner, const IfName& port, const MacAddr& mac) {
  const auto element = set_of(connection).find(key_of(port, mac));
  if (!element || element->label != owner.label()) {
    throw Error{
        ErrorCode::check_failed,
        "macspoofchk: nftables set " + quote(kSet) + " has no element for port " +
            quote(port.str()) + " and " + mac.str()};
  }
  require_rules(connection, {Family::bridge, kChain, 1});
}

}  // namespace patchbay::nft
