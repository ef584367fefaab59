#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace patchbay {

/// Reads from `fd` until its end. Throws SystemError naming `what` when reading fails, and nullopt
/// is returned when there are more than `limit` bytes.
std::optional<std::string> read_all(int fd, std::size_t limit, std::string_view what = "read");

/// The whole file; nullopt when it does not exist. Throws SystemError naming it for any other
/// failure, and when there are more than `limit` bytes. A FIFO does not make it wait.
std::optional<std::string> find_file(
    const std::string& path, std::size_t limit = std::size_t{1} << 20);

/// Writes all of `bytes` to `fd`. Throws SystemError naming `what`.
void write_all(int fd, std::string_view bytes, std::string_view what);

/// Seconds since the epoch at which this machine was started (now minus CLOCK_BOOTTIME).
double boot_time();

/// The kernel's id of the running boot; a new one at every start.
std::string boot_id();

}  // namespace patchbay
