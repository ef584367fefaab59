#include "base/state.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>

#include <sys/stat.h>

#include "base/error.h"

namespace patchbay::state {

namespace {

UniqueFd open_directory(const std::string& path) {
  return UniqueFd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

/// The kernel says ENOTDIR of a symbolic link, too.
int reason_of(int error, const std::string& path) {
  struct stat status {};
  const bool is_link =
      error == ENOTDIR && ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
  return is_link ? ELOOP : error;
}

[[noreturn]] void refuse(int error, const std::string& path) {
  throw SystemError{error, "open directory " + quote(path)};
}

/// mkdir -p
void make_directories(const std::string& path, mode_t mode) {
  for (auto slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      throw SystemError{errno, "create directory " + quote(part)};
    }
    if (slash == std::string::npos) {
      return;
    }
  }
}

}  // namespace

UniqueFd find_directory(const std::string& path) {
  UniqueFd fd = open_directory(path);
  if (fd) {
    return fd;
  }
  const int reason = reason_of(errno, path);
  if (reason != ENOENT && reason != ENOTDIR) {
    refuse(reason, path);
  }
  errno = reason;
  return {};
}

UniqueFd ensure_directory(const std::string& path, mode_t mode) {
  UniqueFd fd = open_directory(path);
  if (!fd && errno == ENOENT) {
    make_directories(path, mode);
    fd = open_directory(path);
  }
  if (!fd) {
    refuse(reason_of(errno, path), path);
  }
  return fd;
}

UniqueFd open_file(int directory, const std::string& name, int flags) {
  constexpr int kSafe = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  return UniqueFd{::openat(directory, name.c_str(), flags | kSafe, 0600)};
}

bool for_each_name(int directory, const std::function<void(const char*)>& visit) {
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing{fd < 0 ? nullptr : ::fdopendir(fd), ::closedir};
  if (!listing) {
    return false;
  }
  errno = 0;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name{entry->d_name};
    if (name != "." && name != "..") {
      visit(entry->d_name);
    }
    errno = 0;
  }
  return errno == 0;
}

}  // namespace patchbay::state
