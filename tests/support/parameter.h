#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>

namespace patchbay::test {

/// A size that the variable `name` can set; scripts/soak does. Throws std::invalid_argument when it
/// is no number.
inline std::size_t parameter(const char* name, std::size_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::stoul(value);
}

}  // namespace patchbay::test
