#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"

/// What the fuzzers share.
namespace patchbay::fuzz {

/// A fuzzer's bytes, taken piece by piece; behind the last one, numbers are 0 and texts empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_{reinterpret_cast<const char*>(data), size} {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  std::uint8_t byte() {
    const auto piece = bytes(1);
    return piece.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(piece.front());
  }
  /// In little-endian order.
  std::uint16_t word() {
    const unsigned low = byte();
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8U | low);
  }
  std::string_view bytes(std::size_t most) {
    const auto piece = rest_.substr(0, most);
    rest_.remove_prefix(piece.size());
    return piece;
  }
  /// What stands before the next `end`, or all that is left.
  std::string text(char end) {
    const auto piece = bytes(std::min(rest_.find(end), rest_.size()));
    (void)bytes(1);
    return std::string{piece};
  }

 private:
  std::string_view rest_;
};

/// Ends the process, which libFuzzer reports, unless `property` holds.
inline void require(bool holds, const char* property) {
  if (!holds) {
    (void)std::fprintf(stderr, "this does not hold: %s\n", property);
    std::abort();
  }
}

/// Error is the worst that may come of `use`. False when it did.
template <typename Use>
bool attempt(const Use& use) {
  try {
    use();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace patchbay::fuzz
