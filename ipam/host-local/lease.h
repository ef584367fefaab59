#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::hostlocal {

/// Whom an address is leased to.
struct Holder {
  std::string container_id;
  std::string ifname;  ///< Empty: a lease of old, which names no interface and stands for any.

  friend bool operator==(const Holder&, const Holder&) = default;

  /// "'c1' (eth0)", for messages.
  [[nodiscard]] std::string str() const;
  /// What the index knows this holder by.
  [[nodiscard]] std::uint64_t hash() const;
  /// The lease of old that the same container may have.
  [[nodiscard]] Holder without_ifname() const { return {container_id, {}}; }
};

/// The contents of a lease file, byte for byte as the reference plugin writes them.
std::string lease_text(const Holder& holder);

/// Reads a lease file. Nullopt when its first line is no container id: the file is empty or was
/// torn by a crash, and its address is free.
std::optional<Holder> parse_lease(std::string_view text);

}  // namespace patchbay::hostlocal
