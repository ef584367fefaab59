#pragma once

#include <cstdint>

namespace patchbay::hostlocal {

/// Takes the exclusive flock(2) of `fd`, waiting at most `timeout_s` seconds (0: not at all);
/// false when somebody else held it all the time. The kernel wakes us the moment it is free. Uses
/// SIGALRM and the real-time interval timer, which must not be in use otherwise. Throws
/// SystemError.
bool lock_exclusively(int fd, std::uint32_t timeout_s);

}  // namespace patchbay::hostlocal
