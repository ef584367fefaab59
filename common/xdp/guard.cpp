#include "xdp/guard.h"

#include <arpa/inet.h>
#include <array>

#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include "base/error.h"
#include "xdp/program.h"

namespace patchbay::xdp {

namespace {

using Bytes = std::vector<std::uint8_t>;

std::uint32_t network_order(int ethertype) {
  return htons(static_cast<std::uint16_t>(ethertype));
}

Bytes bytes_of(const IpAddr& address) {
  const auto bytes = address.bytes();
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(address.size())};
}

Bytes bytes_of(const MacAddr& mac) {
  return {mac.octets.begin(), mac.octets.end()};
}

/// fe80:: and the modified EUI-64 of `mac` (RFC 4291, appendix A).
Bytes link_local(const MacAddr& mac) {
  const auto& m = mac.octets;
  constexpr std::uint8_t kUniversal = 0x02;
  return {
      0xfe,
      0x80,
      0,
      0,
      0,
      0,
      0,
      0,
      static_cast<std::uint8_t>(m[0] ^ kUniversal),
      m[1],
      m[2],
      0xff,
      0xfe,
      m[3],
      m[4],
      m[5]};
}

/// What a container of `guard` may call itself in one family.
std::vector<Bytes> own_addresses(const Guard& guard, bool v6) {
  std::vector<Bytes> own;
  for (const auto& prefix : *guard.addresses) {
    if (prefix.is_v6() == v6) {
      own.push_back(bytes_of(prefix.address()));
    }
  }
  if (v6) {
    own.push_back(link_local(guard.mac));
  }
  return own;
}

/// The program of one guard, part by part. Parts end at pass_, at drop_ or where the next begins.
class Writer {
 public:
  explicit Writer(const Guard& guard)
      : guard_{guard},
        pass_{program_.label()},
        drop_{program_.label()} {}

  Program write() {
    program_.require(ETH_HLEN);
    if (guard_.hold_mac) {
      program_.jump_unless_bytes(ETH_ALEN, bytes_of(guard_.mac), drop_);
    }
    if (guard_.addresses) {
      write_network_layer();
    }
    program_.place(pass_);
    program_.finish(Verdict::pass);
    program_.place(drop_);
    program_.finish(Verdict::drop);
    return std::move(program_);
  }

 private:
  static constexpr int kEthertype = 12;  // offsets in struct ethhdr, arphdr, iphdr, ipv6hdr

  void write_network_layer() {
    for (int tags = 0; tags < 2; ++tags) {
      skip_tag();
    }
    const auto v4 = program_.label();
    const auto v6 = program_.label();
    const auto arp = program_.label();
    program_.load(kEthertype, 2);
    program_.jump_if_equal(network_order(ETH_P_IP), v4);
    program_.jump_if_equal(network_order(ETH_P_IPV6), v6);
    program_.jump_if_equal(network_order(ETH_P_ARP), arp);
    program_.jump_if_equal(network_order(ETH_P_8021Q), drop_);
    program_.jump_if_equal(network_order(ETH_P_8021AD), drop_);
    program_.jump(pass_);
    program_.place(v4);
    write_v4();
    program_.place(arp);
    write_arp();
    program_.place(v6);
    write_v6();
  }

  void skip_tag() {
    const auto tagged = program_.label();
    const auto next = program_.label();
    program_.load(kEthertype, 2);
    program_.jump_if_equal(network_order(ETH_P_8021Q), tagged);
    program_.jump_unless_equal(network_order(ETH_P_8021AD), next);
    program_.place(tagged);
    program_.require(ETH_HLEN + 4);
    program_.advance(4);
    program_.place(next);
  }

  /// Goes to `target` when one of `addresses` is at `offset`.
  void jump_if_any(int offset, const std::vector<Bytes>& addresses, Program::Label target) {
    for (const auto& address : addresses) {
      const auto next = program_.label();
      program_.jump_unless_bytes(offset, address, next);
      program_.jump(target);
      program_.place(next);
    }
  }

  /// 0.0.0.0 may only ask a DHCP server.
  void write_v4() {
    constexpr int kSource = 12;
    constexpr int kProtocol = 9;
    constexpr int kDestinationPort = 22;  // of a header without options
    constexpr std::uint32_t kNoOptions = 0x45;
    constexpr std::uint16_t kDhcpServer = 67;
    program_.require(ETH_HLEN + 20);
    program_.advance(ETH_HLEN);
    jump_if_any(kSource, own_addresses(guard_, false), pass_);
    program_.jump_unless_bytes(kSource, Bytes(4), drop_);
    program_.require(28);
    program_.load(0, 1);
    program_.jump_unless_equal(kNoOptions, drop_);
    program_.load(kProtocol, 1);
    program_.jump_unless_equal(IPPROTO_UDP, drop_);
    program_.load(kDestinationPort, 2);
    program_.jump_unless_equal(htons(kDhcpServer), drop_);
    program_.jump(pass_);
  }

  /// A probe says 0.0.0.0 (RFC 5227).
  void write_arp() {
    constexpr int kSenderMac = 8;
    constexpr int kSenderIp = 14;
    program_.require(ETH_HLEN + 28);
    program_.advance(ETH_HLEN);
    if (guard_.hold_mac) {
      program_.jump_unless_bytes(kSenderMac, bytes_of(guard_.mac), drop_);
    }
    auto allowed = own_addresses(guard_, false);
    allowed.emplace_back(4);
    jump_if_any(kSenderIp, allowed, pass_);
    program_.jump(drop_);
  }

  /// Routing and destination headers, behind which a neighbour advertisement could hide, are not
  /// let out; a hop-by-hop header only with a multicast listener report.
  void write_v6() {
    constexpr int kSource = 8;
    constexpr int kNextHeader = 6;
    const auto genuine = program_.label();
    const auto icmp = program_.label();
    const auto hop_by_hop = program_.label();
    program_.require(ETH_HLEN + 40);
    program_.advance(ETH_HLEN);
    jump_if_any(kSource, own_addresses(guard_, true), genuine);
    program_.jump_unless_bytes(kSource, Bytes(16), drop_);
    program_.place(genuine);
    program_.load(kNextHeader, 1);
    program_.jump_if_equal(IPPROTO_ICMPV6, icmp);
    program_.jump_if_equal(IPPROTO_HOPOPTS, hop_by_hop);
    program_.jump_if_equal(IPPROTO_ROUTING, drop_);
    program_.jump_if_equal(IPPROTO_DSTOPTS, drop_);
    program_.jump(pass_);
    program_.place(icmp);
    write_neighbour();
    program_.place(hop_by_hop);
    write_listener_report();
  }

  /// Source and target of a neighbour advertisement are both claims.
  void write_neighbour() {
    constexpr int kType = 40;
    constexpr int kTarget = 48;
    constexpr std::uint32_t kAdvertisement = 136;  // RFC 4861
    program_.require(kType + 1);
    program_.load(kType, 1);
    program_.jump_unless_equal(kAdvertisement, pass_);
    program_.require(kTarget + 16);
    jump_if_any(kTarget, own_addresses(guard_, true), pass_);
    program_.jump(drop_);
  }

  void write_listener_report() {
    constexpr int kNext = 40;
    constexpr int kLength = 41;
    constexpr int kType = 48;
    program_.require(kType + 1);
    program_.load(kNext, 1);
    program_.jump_unless_equal(IPPROTO_ICMPV6, drop_);
    program_.load(kLength, 1);
    program_.jump_unless_equal(0, drop_);
    program_.load(kType, 1);
    for (const std::uint32_t type : {131U, 132U, 143U}) {  // RFC 2710, RFC 3810
      program_.jump_if_equal(type, pass_);
    }
    program_.jump(drop_);
  }

  const Guard& guard_;
  Program program_;
  Program::Label pass_;
  Program::Label drop_;
};

}  // namespace

void set_guard(nl::Socket& host, const nl::Link& port, const Guard& guard) {
  const UniqueFd program = Writer{guard}.write().load_into_kernel();
  nl::change_link(
      host,
      port.index,
      {.xdp_program = program.get()},
      "guard " + quote(port.name.str()) + " against spoofing");
}

void check_guard(const nl::Link& port, const Guard& guard) {
  const UniqueFd wanted = Writer{guard}.write().load_into_kernel();
  if (port.xdp_program == 0 || find_tag(port.xdp_program) != tag_of(wanted)) {
    throw Error{
        ErrorCode::check_failed,
        "port " + quote(port.name.str()) + " is not guarded against spoofing"};
  }
}

}  // namespace patchbay::xdp
