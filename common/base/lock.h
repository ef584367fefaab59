#pragma once

#include <cstdint>
#include <string_view>

namespace patchbay {

/// Takes the exclusive flock(2) of `fd`, waiting at most `timeout_s` seconds (0: not at all);
/// false when somebody else held it all the time. The kernel wakes us the moment it is free. Uses
/// SIGALRM and the real-time interval timer, which must not be in use otherwise. Throws
/// SystemError naming `what`.
bool lock_exclusively(int fd, std::uint32_t timeout_s, std::string_view what);

}  // namespace patchbay
