#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::runner {

/// The word of `known` that `word` was probably meant to be: at most two letters, and less than
/// half of them, are other, missing, added or swapped, letter case aside.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known);

}  // namespace patchbay::runner
