#pragma once

#include <stdexcept>

#include "base/error.h"

namespace patchbay::test {

/// The Error that `action` throws. Throws std::logic_error when it throws none.
template <typename Action>
Error thrown_by(const Action& action) {
  try {
    action();
  } catch (const Error& e) {
    return e;
  }
  throw std::logic_error{"an Error was expected, but none was thrown"};
}

}  // namespace patchbay::test
