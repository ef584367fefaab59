#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::ovsdb {

/// The identity of a row.
class Uuid {
 public:
  /// The same for the same `name`, always and everywhere (RFC 9562, version 8): a row that belongs
  /// to an owner is found again without a look-up. `purpose` keeps the rows of one owner apart.
  static Uuid derive(std::string_view purpose, std::string_view name);
  /// Nullopt when `text` is not of the form 8-4-4-4-12.
  static std::optional<Uuid> find(std::string_view text);

  [[nodiscard]] std::string str() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  Uuid(std::uint64_t high, std::uint64_t low) : high_{high}, low_{low} {}

  std::uint64_t high_;
  std::uint64_t low_;
};

}  // namespace patchbay::ovsdb
