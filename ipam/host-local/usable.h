#pragma once

#include <string>

namespace patchbay::hostlocal {

/// Throws Error{plugin_not_available} with the reason when no lease could be written into the
/// directory `path`: it or, while there is none, what it would be made in is no directory, may not
/// be written, or is on a disk that is full. Changes nothing.
void require_usable(const std::string& path);

}  // namespace patchbay::hostlocal
