#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay {

/// Who something in the kernel or on disk belongs to: one interface of one container in one
/// network. All three parts are the key: a container may join a network twice.
struct Owner {
  std::string network;
  std::string container_id;
  std::string ifname;

  friend bool operator==(const Owner&, const Owner&) = default;

  /// "network:container id:ifname", the mark left on links and nftables elements; at most 220
  /// bytes. A part that is too long is cut and completed with its hash, so a label is still the
  /// owner's alone. None of the three may contain ':', which the contract guarantees.
  [[nodiscard]] std::string label() const;
};

/// A label's three parts (shortened ones stay shortened); nullopt when `label` is not one.
std::optional<Owner> parse_label(std::string_view label);

/// True when `label` belongs to an attachment of `network`.
bool is_label_of_network(std::string_view label, const std::string& network);

/// FNV-1a with a finalising mix: the same on every machine and in every version, because names in
/// the kernel and records on disk are derived from it.
std::uint64_t stable_hash(std::string_view bytes);

/// 16 lower-case hex digits.
std::string hex(std::uint64_t value);

}  // namespace patchbay
