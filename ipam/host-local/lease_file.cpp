#include "lease_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/file.h"
#include "base/state.h"

namespace patchbay::hostlocal {

namespace {

constexpr const char* kDraft = ".patchbay-draft";
constexpr std::size_t kLeaseLimit = std::size_t{256} << 10;  // more than an environment can hold

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// 0 or the errno; there is no draft then.
int write_draft(int directory, const Holder& holder) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL;
  UniqueFd fd = state::open_file(directory, kDraft, kFlags);
  if (!fd && errno == EEXIST) {  // removed, not emptied: it may be a lease's other name by now
    if (::unlinkat(directory, kDraft, 0) != 0 && errno != ENOENT) {
      return errno;  // EEXIST would say that the lease is there
    }
    fd = state::open_file(directory, kDraft, kFlags);
  }
  if (!fd) {
    return errno;
  }
  const std::string text = lease_text(holder);
  const auto written = ::write(fd.get(), text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) {
    return 0;
  }
  const int error = written < 0 ? errno : ENOSPC;
  remove_draft(directory);
  return error;
}

int link_draft(int directory, const std::string& name) {
  if (::linkat(directory, kDraft, directory, name.c_str(), 0) != 0) {
    return errno;
  }
  remove_draft(directory);
  return 0;
}

int publish_draft(int directory, const std::string& name) {
  if (::renameat2(directory, kDraft, directory, name.c_str(), RENAME_NOREPLACE) == 0) {
    return 0;
  }
  // NFS and other file systems can rename only without flags.
  return errno == EINVAL || errno == ENOSYS ? link_draft(directory, name) : errno;
}

Lease lease_that_cannot_be_opened(int error) {
  if (error == ENOENT) {
    return {.state = Lease::State::absent};
  }
  const bool foreign = error == ELOOP || error == ENXIO;  // a symbolic link, a socket
  return {.state = foreign ? Lease::State::foreign : Lease::State::unreadable, .error = error};
}

}  // namespace

Lease read_lease(int directory, const std::string& name) {
  const UniqueFd fd = state::open_file(directory, name, O_RDONLY);
  if (!fd) {
    return lease_that_cannot_be_opened(errno);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return {.state = Lease::State::unreadable, .error = errno};
  }
  if (!S_ISREG(status.st_mode)) {
    return {.state = Lease::State::foreign};
  }
  std::array<char, 512> bytes{};  // enough for every runtime's ids: no second read
  const auto got = ::read(fd.get(), bytes.data(), bytes.size());
  if (got < 0) {
    return {.state = Lease::State::unreadable, .error = errno};
  }
  std::string text{bytes.data(), static_cast<std::size_t>(got)};
  if (text.size() == bytes.size()) {
    text += read_all(fd.get(), kLeaseLimit).value_or("");
  }
  const auto holder = parse_lease(text);
  if (!holder) {
    return {.state = Lease::State::worthless};
  }
  return {.state = Lease::State::held, .holder = *holder, .modified_s = seconds(status.st_mtim)};
}

int create_lease(int directory, const std::string& name, const Holder& holder) {
  int error = write_draft(directory, holder);
  if (error != 0) {
    return error;
  }
  error = publish_draft(directory, name);
  if (error != 0) {
    remove_draft(directory);
  }
  return error;
}

int replace_lease(int directory, const std::string& name, const Holder& holder) {
  int error = write_draft(directory, holder);
  if (error != 0) {
    return error;
  }
  if (::renameat(directory, kDraft, directory, name.c_str()) != 0) {
    error = errno;
    remove_draft(directory);
  }
  return error;
}

void remove_draft(int directory) {
  (void)::unlinkat(directory, kDraft, 0);
}

}  // namespace patchbay::hostlocal
