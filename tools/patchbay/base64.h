#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::runner {

/// With padding and without line breaks, as Go's encoding/json writes bytes.
std::string to_base64(std::string_view bytes);
/// Nullopt when `text` is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace patchbay::runner
