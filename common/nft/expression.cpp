#include "nft/expression.h"

#include <array>
#include <functional>
#include <netinet/in.h>

#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace patchbay::nft {

namespace {

// Offsets into the network and link layer headers (RFC 791, RFC 8200, IEEE 802.3).
constexpr std::uint32_t kSource4 = 12;
constexpr std::uint32_t kDestination4 = 16;
constexpr std::uint32_t kSource6 = 8;
constexpr std::uint32_t kDestination6 = 24;
constexpr std::uint32_t kEtherSource = 6;
constexpr std::uint32_t kMacLength = 6;
constexpr std::uint32_t kRegistersOfName = IFNAMSIZ / 4;

void expression(nl::Message& rule, std::string_view name, const std::function<void()>& attributes) {
  const auto element = rule.nest(NFTA_LIST_ELEM);
  rule.put_text(NFTA_EXPR_NAME, name);
  const auto data = rule.nest(NFTA_EXPR_DATA);
  attributes();
}

void compare(nl::Message& rule, const void* value, std::size_t size) {
  expression(rule, "cmp", [&] {
    rule.put_be32(NFTA_CMP_SREG, NFT_REG_1);
    rule.put_be32(NFTA_CMP_OP, NFT_CMP_EQ);
    const auto data = rule.nest(NFTA_CMP_DATA);
    rule.put_bytes(NFTA_DATA_VALUE, value, size);
  });
}

void load_meta(nl::Message& rule, std::uint32_t key, std::uint32_t reg) {
  expression(rule, "meta", [&] {
    rule.put_be32(NFTA_META_KEY, key);
    rule.put_be32(NFTA_META_DREG, reg);
  });
}

struct Field {
  std::uint32_t base;
  std::uint32_t offset;
  std::uint32_t length;
};

void load_payload(nl::Message& rule, const Field& field, std::uint32_t reg) {
  expression(rule, "payload", [&] {
    rule.put_be32(NFTA_PAYLOAD_DREG, reg);
    rule.put_be32(NFTA_PAYLOAD_BASE, field.base);
    rule.put_be32(NFTA_PAYLOAD_OFFSET, field.offset);
    rule.put_be32(NFTA_PAYLOAD_LEN, field.length);
  });
}

void mask(nl::Message& rule, const IpAddr& bits) {
  const std::array<std::uint8_t, 16> zero{};
  expression(rule, "bitwise", [&] {
    rule.put_be32(NFTA_BITWISE_SREG, NFT_REG_1);
    rule.put_be32(NFTA_BITWISE_DREG, NFT_REG_1);
    rule.put_be32(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(bits.size()));
    {
      const auto nest = rule.nest(NFTA_BITWISE_MASK);
      rule.put_bytes(NFTA_DATA_VALUE, bits.bytes().data(), bits.size());
    }
    const auto nest = rule.nest(NFTA_BITWISE_XOR);
    rule.put_bytes(NFTA_DATA_VALUE, zero.data(), bits.size());
  });
}

void look_up(nl::Message& rule, std::string_view set, std::uint32_t flags) {
  expression(rule, "lookup", [&] {
    rule.put_text(NFTA_LOOKUP_SET, set);
    rule.put_be32(NFTA_LOOKUP_SREG, NFT_REG_1);
    rule.put_be32(NFTA_LOOKUP_FLAGS, flags);
  });
}

void verdict(nl::Message& rule, int code, std::string_view chain = {}) {
  expression(rule, "immediate", [&] {
    rule.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    const auto data = rule.nest(NFTA_IMMEDIATE_DATA);
    const auto nest = rule.nest(NFTA_DATA_VERDICT);
    rule.put_be32(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
    if (!chain.empty()) {
      rule.put_text(NFTA_VERDICT_CHAIN, chain);
    }
  });
}

IpAddr netmask(const IpPrefix& prefix) {
  const IpPrefix all{IpAddr{prefix.is_v6(), ~uint128{0}}, prefix.length()};
  const uint128 family_bits = prefix.is_v6() ? ~uint128{0} : static_cast<uint128>(0xffffffff);
  return {prefix.is_v6(), all.network().address().value() & family_bits};
}

}  // namespace

void match_family(nl::Message& rule, bool v6) {
  load_meta(rule, NFT_META_NFPROTO, NFT_REG_1);
  const std::uint8_t family = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
  compare(rule, &family, sizeof family);
}

void match_destination(nl::Message& rule, const IpPrefix& prefix) {
  const std::uint32_t offset = prefix.is_v6() ? kDestination6 : kDestination4;
  const auto length = static_cast<std::uint32_t>(prefix.address().size());
  load_payload(rule, {NFT_PAYLOAD_NETWORK_HEADER, offset, length}, NFT_REG_1);
  if (prefix.length() < prefix.address().bits()) {
    mask(rule, netmask(prefix));
  }
  compare(rule, prefix.first().bytes().data(), length);
}

void match_input_group(nl::Message& rule, std::uint32_t group) {
  load_meta(rule, NFT_META_IIFGROUP, NFT_REG_1);
  compare(rule, &group, sizeof group);  // host byte order, as the kernel stores it
}

void load_source(nl::Message& rule, bool v6) {
  const std::uint32_t offset = v6 ? kSource6 : kSource4;
  load_payload(rule, {NFT_PAYLOAD_NETWORK_HEADER, offset, v6 ? 16U : 4U}, NFT_REG_1);
}

void load_input_and_mac(nl::Message& rule) {
  load_meta(rule, NFT_META_IIFNAME, NFT_REG32_00);
  load_payload(
      rule, {NFT_PAYLOAD_LL_HEADER, kEtherSource, kMacLength}, NFT_REG32_00 + kRegistersOfName);
}

void in_set(nl::Message& rule, std::string_view set) {
  look_up(rule, set, 0);
}

void not_in_set(nl::Message& rule, std::string_view set) {
  look_up(rule, set, NFT_LOOKUP_F_INV);
}

void go_to(nl::Message& rule, std::string_view chain) {
  verdict(rule, NFT_GOTO, chain);
}

void return_to_caller(nl::Message& rule) {
  verdict(rule, NFT_RETURN);
}

void drop(nl::Message& rule) {
  verdict(rule, NF_DROP);
}

void masquerade(nl::Message& rule) {
  expression(rule, "masq", [] {});
}

}  // namespace patchbay::nft
