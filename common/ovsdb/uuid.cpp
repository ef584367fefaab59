#include "ovsdb/uuid.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/owner.h"

namespace patchbay::ovsdb {

namespace {

constexpr std::array<std::size_t, 4> kDashes{8, 13, 18, 23};
constexpr std::size_t kLength = 36;

bool is_dash_position(std::size_t position) {
  return std::find(kDashes.begin(), kDashes.end(), position) != kDashes.end();
}

/// All of `digits` as a hexadecimal number.
bool read_hex(std::string_view digits, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, 16);
  return error == std::errc{} && end == digits.end();
}

}  // namespace

Uuid Uuid::derive(std::string_view purpose, std::string_view name) {
  const std::string seed = "patchbay " + std::string{purpose} + " " + std::string{name};
  const std::uint64_t high = stable_hash(seed + " high");
  const std::uint64_t low = stable_hash(seed + " low");
  constexpr std::uint64_t kVersionMask = 0xf000;
  constexpr std::uint64_t kVersion8 = 0x8000;
  constexpr std::uint64_t kVariantMask = 0xc000000000000000;
  constexpr std::uint64_t kVariant = 0x8000000000000000;
  return {(high & ~kVersionMask) | kVersion8, (low & ~kVariantMask) | kVariant};
}

std::optional<Uuid> Uuid::find(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_position(i) != (text[i] == '-')) {
      return std::nullopt;
    }
    if (text[i] != '-') {
      digits += text[i];
    }
  }
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  const std::string_view all = digits;
  if (text.size() != kLength || !read_hex(all.substr(0, 16), high) ||
      !read_hex(all.substr(16), low)) {
    return std::nullopt;
  }
  return Uuid{high, low};
}

std::string Uuid::str() const {
  std::string text = hex(high_) + hex(low_);
  for (const std::size_t position : kDashes) {
    text.insert(position, 1, '-');
  }
  return text;
}

}  // namespace patchbay::ovsdb
