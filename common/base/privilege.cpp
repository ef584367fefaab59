#include "base/privilege.h"

#include <unistd.h>

#include <sys/auxv.h>

namespace patchbay {

/// AT_SECURE alone says nothing of root: security modules set it at transitions of their own.
bool is_elevated() noexcept {
  const bool other_ids = ::getuid() != ::geteuid() || ::getgid() != ::getegid();
  return other_ids || (::getauxval(AT_SECURE) != 0 && ::getuid() != 0);
}

}  // namespace patchbay
