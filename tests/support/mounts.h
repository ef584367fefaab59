#pragma once

#include <optional>
#include <string>

namespace patchbay::test {

/// Gives this process a mount namespace of its own, with a user namespace when it is not root.
/// Answers with the reason when that is not possible here.
std::optional<std::string> enter_mount_namespace();

/// Mounts a tmpfs; `options` as for mount(8), e.g. "size=16k,nr_inodes=8". Throws
/// std::runtime_error.
void mount_tmpfs(const std::string& path, const std::string& options);
/// Makes the mount at `path` read-only. Throws std::runtime_error.
void make_read_only(const std::string& path);
/// Lets `path` show the file or directory `source`. Throws std::runtime_error.
void bind_mount(const std::string& source, const std::string& path);

}  // namespace patchbay::test
