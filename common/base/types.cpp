#include "base/types.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"

namespace patchbay {

namespace {

constexpr std::size_t kMaxIfName = 15;  // IFNAMSIZ - 1

/// ASCII white space, and the Unicode spaces U+0085 and U+00A0 that the reference refuses too.
bool has_space(std::string_view name) {
  return name.find_first_of(" \t\n\v\f\r") != std::string_view::npos ||
         name.find("\xc2\x85") != std::string_view::npos ||
         name.find("\xc2\xa0") != std::string_view::npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The hex digits of `text`, provided that `separator` stands after every `group` of them.
std::optional<std::string> ungrouped(std::string_view text, char separator, std::size_t group) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool at_separator = i % (group + 1) == group;
    if (at_separator ? text[i] != separator : hex_digit(text[i]) < 0) {
      return std::nullopt;
    }
    if (!at_separator) {
      digits += text[i];
    }
  }
  const bool is_complete = digits.size() == 12 && text.back() != separator;
  return is_complete ? std::optional{digits} : std::nullopt;
}

std::optional<std::string> mac_digits(std::string_view text) {
  for (const auto& [separator, group] : {std::pair{':', 2}, {'-', 2}, {'.', 4}}) {
    if (auto digits = ungrouped(text, separator, static_cast<std::size_t>(group))) {
      return digits;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ifname_fault(std::string_view name) {
  if (name.empty()) {
    return "must not be empty";
  }
  if (name.size() > kMaxIfName) {
    return "must be at most 15 bytes long";
  }
  if (name == "." || name == "..") {
    return "must not be '.' or '..'";
  }
  if (name.find_first_of(std::string_view{"/:\0", 3}) != std::string_view::npos ||
      has_space(name)) {
    return "must not contain '/', ':' or white space";
  }
  return std::nullopt;
}

IfName IfName::parse(std::string_view text) {
  if (const auto fault = ifname_fault(text)) {
    throw Error{ErrorCode::invalid_config, "interface name " + quote(text) + " " + *fault};
  }
  return IfName{text};
}

std::optional<MacAddr> MacAddr::find(std::string_view text) {
  const auto digits = mac_digits(text);
  if (!digits) {
    return std::nullopt;
  }
  MacAddr mac;
  for (std::size_t i = 0; i < mac.octets.size(); ++i) {
    mac.octets.at(i) = static_cast<std::uint8_t>(
        hex_digit(digits->at(2 * i)) << 4 | hex_digit(digits->at(2 * i + 1)));
  }
  const bool is_unicast = (mac.octets[0] & 1) == 0 && mac != MacAddr{};
  return is_unicast ? std::optional{mac} : std::nullopt;
}

MacAddr MacAddr::parse(std::string_view text) {
  if (const auto mac = find(text)) {
    return *mac;
  }
  throw Error{
      ErrorCode::invalid_config,
      "MAC address " + quote(text) + " must be a unicast address of the form aa:bb:cc:dd:ee:ff"};
}

std::string MacAddr::str() const {
  std::array<char, 18> text{};
  (void)std::snprintf(
      text.data(),
      text.size(),
      "%02x:%02x:%02x:%02x:%02x:%02x",
      octets[0],
      octets[1],
      octets[2],
      octets[3],
      octets[4],
      octets[5]);
  return text.data();
}

}  // namespace patchbay
