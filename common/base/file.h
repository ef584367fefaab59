#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace patchbay {

/// Reads from `fd` until its end. Throws SystemError when reading fails, and nullopt is returned
/// when there are more than `limit` bytes.
std::optional<std::string> read_all(int fd, std::size_t limit);

/// The whole file, at most 1 MiB of it; nullopt when it does not exist. Throws SystemError for any
/// other failure.
std::optional<std::string> find_file(const std::string& path);

/// Writes all of `bytes` to `fd`. Throws SystemError naming `what`.
void write_all(int fd, std::string_view bytes, std::string_view what);

/// Seconds since the epoch at which this machine was started (now minus CLOCK_BOOTTIME).
double boot_time();

/// The kernel's id of the running boot; a new one at every start.
std::string boot_id();

}  // namespace patchbay
