#include "base/random.h"

#include <cerrno>

#include <sys/random.h>

#include "base/error.h"

namespace patchbay {

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
    throw SystemError{errno, "get random bytes"};
  }
  return bits;
}

}  // namespace patchbay
