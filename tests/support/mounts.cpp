#include "support/mounts.h"

#include <cerrno>
#include <cstring>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

#include <sys/mount.h>

#include "support/temp_directory.h"

namespace patchbay::test {

namespace {

std::string reason(const std::string& attempt) {
  return attempt + ": " + std::strerror(errno);
}

void require(int status, const std::string& attempt) {
  if (status != 0) {
    throw std::runtime_error{reason(attempt)};
  }
}

bool unshare_mounts() {
  const auto uid = std::to_string(::getuid());
  const auto gid = std::to_string(::getgid());
  if (::unshare(CLONE_NEWNS) == 0) {
    return true;
  }
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    return false;
  }
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 " + uid + " 1");
  write_file("/proc/self/gid_map", "0 " + gid + " 1");
  return true;
}

}  // namespace

std::optional<std::string> enter_mount_namespace() {
  if (!unshare_mounts()) {
    return reason("make a mount namespace");
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return reason("make the mounts private");
  }
  return std::nullopt;
}

void mount_tmpfs(const std::string& path, const std::string& options) {
  require(::mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()), "mount tmpfs on " + path);
}

void make_read_only(const std::string& path) {
  constexpr unsigned long kFlags = MS_REMOUNT | MS_BIND | MS_RDONLY;
  require(::mount("none", path.c_str(), nullptr, kFlags, nullptr), "make " + path + " read-only");
}

void bind_mount(const std::string& source, const std::string& path) {
  require(
      ::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr),
      "bind " + source + " to " + path);
}

}  // namespace patchbay::test
