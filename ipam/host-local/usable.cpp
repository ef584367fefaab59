#include "usable.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/error.h"

namespace patchbay::hostlocal {

namespace {

[[noreturn]] void reject(const std::string& path, const std::string& reason) {
  throw Error{
      ErrorCode::plugin_not_available,
      "ipam.dataDir: leases cannot be written to " + quote(path) + ": " + reason};
}

/// `path`, or as much of it as there is.
std::string existing_part(std::string path) {
  struct stat status {};
  while (path.size() > 1 && ::stat(path.c_str(), &status) != 0 && errno == ENOENT) {
    const auto slash = path.rfind('/');
    path.resize(slash == 0 ? 1 : slash);
  }
  return path;
}

}  // namespace

void require_usable(const std::string& path) {
  const std::string part = existing_part(path);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    reject(path, std::strerror(ELOOP));
  }
  if (::stat(part.c_str(), &status) != 0) {
    reject(part, std::strerror(errno));
  }
  if (!S_ISDIR(status.st_mode)) {
    reject(part, std::strerror(ENOTDIR));
  }
  if (::access(part.c_str(), W_OK | X_OK) != 0) {
    reject(part, std::strerror(errno));
  }
  struct statvfs space {};
  if (::statvfs(part.c_str(), &space) != 0) {
    return;
  }
  const bool no_inodes = space.f_files != 0 && space.f_favail == 0;
  if (no_inodes || (space.f_blocks != 0 && space.f_bavail == 0)) {
    reject(part, std::strerror(ENOSPC));
  }
}

}  // namespace patchbay::hostlocal
