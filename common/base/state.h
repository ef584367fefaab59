#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "base/unique_fd.h"

/// Directories of ours with files in them. Whatever has got in there cannot lead us elsewhere: in
/// place of such a directory, or in it, a symbolic link is an error (ELOOP) and never followed. How
/// the path leads to the directory is up to whoever has chosen it.
namespace patchbay::state {

/// Opens a directory; empty when there is none, with errno ENOENT or, where a file is in its way,
/// ENOTDIR. Throws SystemError.
UniqueFd find_directory(const std::string& path);
/// Opens a directory; it and what is missing above is made with `mode`. Throws SystemError.
UniqueFd ensure_directory(const std::string& path, mode_t mode);

/// Opens the file `name` of a directory; `flags` as for open(2). One that is made is for its owner
/// only. Does not wait for the other end of a FIFO. Empty with errno when that is not possible.
UniqueFd open_file(int directory, const std::string& name, int flags);

/// Calls `visit` for every name in a directory. False with errno when it
/// cannot be read.
bool for_each_name(int directory, const std::function<void(const char*)>& visit);

}  // namespace patchbay::state
