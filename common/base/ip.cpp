#include "base/ip.h"

#include <arpa/inet.h>
#include <charconv>
#include <cstdio>

#include "base/error.h"

namespace patchbay {

namespace {

constexpr uint128 kMappedPrefix = uint128{0xffff} << 32;  // ::ffff:0:0/96

std::optional<unsigned> prefix_length(std::string_view text, unsigned most) {
  unsigned length = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, length);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || stopped != end || leading_zero || length > most) {
    return std::nullopt;
  }
  return length;
}

}  // namespace

IpAddr IpAddr::from_bytes(const std::uint8_t* bytes, bool v6) {
  uint128 value = 0;
  for (std::size_t i = 0; i < (v6 ? 16U : 4U); ++i) {
    value = value << 8 | bytes[i];
  }
  return {v6, value};
}

std::optional<IpAddr> IpAddr::find(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string terminated{text};
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    return from_bytes(bytes.data(), false);
  }
  if (::inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  const IpAddr address = from_bytes(bytes.data(), true);
  if (address.value_ >> 32 == kMappedPrefix >> 32) {
    return IpAddr{false, address.value_ & 0xffffffff};
  }
  return address;
}

IpAddr IpAddr::parse(std::string_view text) {
  if (const auto address = find(text)) {
    return *address;
  }
  throw Error{ErrorCode::invalid_config, quote(text) + " must be an IP address"};
}

std::array<std::uint8_t, 16> IpAddr::bytes() const noexcept {
  std::array<std::uint8_t, 16> result{};
  for (std::size_t i = 0; i < size(); ++i) {
    result.at(i) = static_cast<std::uint8_t>(value_ >> (bits() - 8 * (i + 1)));
  }
  return result;
}

std::string IpAddr::str() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (v6_ && value_ > 0xffff && value_ >> 32 == 0) {
    // inet_ntop would print "::0.1.0.2", Go and RFC 5952 "::1:2"; file names depend on it.
    const auto high = static_cast<unsigned>(value_ >> 16);
    const auto low = static_cast<unsigned>(value_ & 0xffff);
    (void)std::snprintf(text.data(), text.size(), "::%x:%x", high, low);
    return text.data();
  }
  ::inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes().data(), text.data(), text.size());
  return text.data();
}

IpPrefix IpPrefix::parse(std::string_view cidr) {
  const auto slash = cidr.find('/');
  const auto address = IpAddr::find(cidr.substr(0, slash));
  if (address && slash != std::string_view::npos) {
    if (const auto length = prefix_length(cidr.substr(slash + 1), address->bits())) {
      return {*address, *length};
    }
  }
  throw Error{
      ErrorCode::invalid_config, quote(cidr) + " must be an address with a prefix length (CIDR)"};
}

uint128 IpPrefix::host_mask() const {
  const unsigned host_bits = address_.bits() - length_;
  return host_bits == 128 ? ~uint128{0} : (uint128{1} << host_bits) - 1;
}

IpPrefix IpPrefix::network() const {
  return {IpAddr{is_v6(), address_.value() & ~host_mask()}, length_};
}

IpAddr IpPrefix::last() const {
  return {is_v6(), address_.value() | host_mask()};
}

bool IpPrefix::contains(const IpAddr& address) const {
  return address.is_v6() == is_v6() && first() <= address && address <= last();
}

std::string IpPrefix::str() const {
  return address_.str() + "/" + std::to_string(length_);
}

}  // namespace patchbay
