#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay {

/// Kernel interface index. Unique only inside one network namespace: never store one without
/// knowing which nl::Socket it came from.
enum class IfIndex : int {};

/// Maximum transmission unit in bytes, link-layer header excluded. 0 means "kernel default".
enum class Mtu : std::uint32_t {};

/// A VLAN id, 1 to 4094.
enum class VlanId : std::uint16_t {};

/// An interface name the kernel will accept: 1-15 bytes, no '/', ':' or white space, not "." or
/// ".." (net/core/dev.c: dev_valid_name).
class IfName {
 public:
  /// Throws Error{invalid_config} naming `text` and the rule it broke.
  static IfName parse(std::string_view text);

  [[nodiscard]] const std::string& str() const noexcept { return text_; }

  friend auto operator<=>(const IfName&, const IfName&) = default;

 private:
  explicit IfName(std::string_view text) : text_{text} {}

  std::string text_;
};

/// What is wrong with `name` as an interface name, in words that follow "must"; nullopt when it is
/// fine.
std::optional<std::string> ifname_fault(std::string_view name);

/// EUI-48 address, in transmission order.
struct MacAddr {
  /// Reads the forms of Go's net.ParseMAC that an Ethernet device can take: "aa:bb:cc:dd:ee:ff",
  /// "aa-bb-cc-dd-ee-ff" and "aabb.ccdd.eeff". Throws Error{invalid_config}; a multicast or
  /// all-zero address is refused as the kernel would refuse it.
  static MacAddr parse(std::string_view text);
  /// As parse(), but nullopt for what is no unicast address.
  static std::optional<MacAddr> find(std::string_view text);

  /// Lower-case, colon separated.
  [[nodiscard]] std::string str() const;

  friend auto operator<=>(const MacAddr&, const MacAddr&) = default;

  std::array<std::uint8_t, 6> octets{};
};

}  // namespace patchbay
