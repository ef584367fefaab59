#include "base/owner.h"

#include <array>
#include <cstdio>

namespace patchbay {

namespace {

constexpr std::size_t kLongestPart = 100;
constexpr std::size_t kHashSuffix = 17;  // '~' and 16 hex digits

std::string shortened(const std::string& part) {
  if (part.size() <= kLongestPart) {
    return part;
  }
  return part.substr(0, kLongestPart - kHashSuffix) + "~" + hex(stable_hash(part));
}

}  // namespace

std::string Owner::label() const {
  return shortened(network) + ":" + shortened(container_id) + ":" + ifname;
}

std::optional<Owner> parse_label(std::string_view label) {
  const auto first = label.find(':');
  const auto last = label.rfind(':');
  if (first == std::string_view::npos || first == last) {
    return std::nullopt;
  }
  return Owner{
      std::string{label.substr(0, first)},
      std::string{label.substr(first + 1, last - first - 1)},
      std::string{label.substr(last + 1)}};
}

bool is_label_of_network(std::string_view label, const std::string& network) {
  return label.starts_with(shortened(network) + ":");
}

std::uint64_t stable_hash(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV offset basis
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;  // FNV prime
  }
  hash ^= hash >> 33;  // MurmurHash3's finaliser: FNV's low bits alone are weak
  hash *= 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  return hash;
}

std::string hex(std::uint64_t value) {
  std::array<char, 17> text{};
  (void)std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

}  // namespace patchbay
