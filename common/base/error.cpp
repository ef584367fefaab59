#include "base/error.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace patchbay {

namespace {

constexpr std::size_t kQuoteLimit = 200;

std::string describe(int errno_value, std::string_view what, std::string_view extack) {
  std::string text{what};
  text += ": ";
  text += std::strerror(errno_value);
  if (!extack.empty()) {
    text += " (";
    text += extack;
    text += ')';
  }
  return text;
}

/// A full, read-only or failing disk is an I/O failure; everything else is the kernel refusing.
ErrorCode code_of(int errno_value) {
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO:
      return ErrorCode::io_failure;
    default:
      return ErrorCode::kernel;
  }
}

}  // namespace

Error::Error(ErrorCode code, std::string msg, std::string details)
    : code_{code},
      msg_{std::move(msg)},
      details_{std::move(details)} {}

SystemError::SystemError(int errno_value, std::string_view what, std::string_view extack)
    : Error{code_of(errno_value), describe(errno_value, what, extack)},
      errno_value_{errno_value} {}

std::string quote(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, kQuoteLimit)) {
    if (c >= ' ' && c <= '~') {
      result += c;
      continue;
    }
    std::array<char, 5> escape{};
    (void)std::snprintf(
        escape.data(),
        escape.size(),
        "\\x%02x",
        static_cast<unsigned>(static_cast<unsigned char>(c)));
    result += escape.data();
  }
  return result + (text.size() > kQuoteLimit ? "...'" : "'");
}

}  // namespace patchbay
