#pragma once

namespace patchbay {

/// True when the executable file gives this process what its caller does not have: by
/// set-user-ID, set-group-ID or file capabilities. The environment, which says what to execute and
/// where to write, is then that of somebody who may do less than the process.
bool is_elevated() noexcept;

/// What is said of it.
inline constexpr const char* kElevated =
    "executable: must not have set-user-ID, set-group-ID or file capabilities, because whoever "
    "executes it says what it executes itself";

}  // namespace patchbay
