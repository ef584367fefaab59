#include "patchbay/base64.h"

#include <cstdint>
#include <nettle/base64.h>

namespace patchbay::runner {

std::string to_base64(std::string_view bytes) {
  std::string text(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
  std::basic_string<std::uint8_t> raw(bytes.begin(), bytes.end());
  base64_encode_raw(text.data(), raw.size(), raw.data());
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  base64_decode_ctx context{};
  base64_decode_init(&context);
  std::basic_string<std::uint8_t> bytes(BASE64_DECODE_LENGTH(text.size()), 0);
  std::size_t length = bytes.size();
  if (base64_decode_update(&context, &length, bytes.data(), text.size(), text.data()) == 0 ||
      base64_decode_final(&context) == 0) {
    return std::nullopt;
  }
  return std::string{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)};
}

}  // namespace patchbay::runner
