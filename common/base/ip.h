#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay {

/// Wide enough to count IPv6 addresses.
__extension__ using uint128 = unsigned __int128;

/// An IPv4 or IPv6 address, ordered numerically (all IPv4 before all IPv6).
class IpAddr {
 public:
  IpAddr(bool v6, uint128 value) : v6_{v6}, value_{value} {}

  /// Nullopt when `text` is not an address. Leading zeros and zone ids are refused, an IPv4-mapped
  /// IPv6 address is taken for the IPv4 address (as Go's net.ParseIP does).
  static std::optional<IpAddr> find(std::string_view text);
  /// As find(), but throws Error{invalid_config}.
  static IpAddr parse(std::string_view text);
  /// From 4 or 16 bytes in network order.
  static IpAddr from_bytes(const std::uint8_t* bytes, bool v6);

  [[nodiscard]] bool is_v6() const noexcept { return v6_; }
  /// Bits of an address of this family: 32 or 128.
  [[nodiscard]] unsigned bits() const noexcept { return v6_ ? 128 : 32; }
  [[nodiscard]] uint128 value() const noexcept { return value_; }
  /// Network byte order; IPv4 uses the first 4.
  [[nodiscard]] std::array<std::uint8_t, 16> bytes() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return v6_ ? 16 : 4; }
  [[nodiscard]] std::string str() const;

  friend auto operator<=>(const IpAddr&, const IpAddr&) = default;

 private:
  bool v6_;
  uint128 value_;
};

/// An address with its prefix length. Host bits are kept ("10.1.0.5/16"), because an interface
/// address needs them; call network() for the route destination.
class IpPrefix {
 public:
  IpPrefix(IpAddr address, unsigned length) : address_{address}, length_{length} {}

  /// Reads "10.1.0.5/16". Throws Error{invalid_config} naming `cidr`.
  static IpPrefix parse(std::string_view cidr);
  /// The prefix that holds `address` alone (/32 or /128).
  static IpPrefix host(IpAddr address) { return {address, address.bits()}; }

  [[nodiscard]] bool is_v6() const noexcept { return address_.is_v6(); }
  [[nodiscard]] const IpAddr& address() const noexcept { return address_; }
  [[nodiscard]] unsigned length() const noexcept { return length_; }
  /// True for 0.0.0.0/0 and ::/0.
  [[nodiscard]] bool is_default() const noexcept { return length_ == 0; }

  /// The same prefix with the host bits cleared.
  [[nodiscard]] IpPrefix network() const;
  /// The lowest and the highest address of the prefix.
  [[nodiscard]] IpAddr first() const { return network().address(); }
  [[nodiscard]] IpAddr last() const;
  [[nodiscard]] bool contains(const IpAddr& address) const;
  [[nodiscard]] std::string str() const;

  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;

 private:
  [[nodiscard]] uint128 host_mask() const;

  IpAddr address_;
  unsigned length_;
};

}  // namespace patchbay
