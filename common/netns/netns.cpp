#include "netns/netns.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/error.h"

namespace patchbay::netns {

namespace {

/// The machine is short of something: the error says nothing about what stands at a path.
bool is_passing(int error) {
  constexpr std::array<int, 7> kPassing{EAGAIN, EINTR, EIO, EMFILE, ENFILE, ENOMEM, ENOSPC};
  return std::find(kPassing.begin(), kPassing.end(), error) != kPassing.end();
}

/// A namespace file answers NS_GET_NSTYPE; anything else refuses the request (ENOTTY).
bool is_network_namespace(int fd) {
  return ::ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

void enter(const Netns& target) {
  if (::setns(target.fd(), CLONE_NEWNET) != 0) {
    throw SystemError{errno, "enter the network namespace"};
  }
}

/// O_NONBLOCK: a FIFO at the path must not hang us.
UniqueFd open_file(const std::string& path) {
  return UniqueFd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
}

}  // namespace

Netns Netns::open(const std::string& path) {
  UniqueFd fd = open_file(path);
  if (!fd) {
    throw Error{
        ErrorCode::invalid_environment,
        "CNI_NETNS: " + std::string{SystemError{errno, "open " + quote(path)}.what()}};
  }
  if (!is_network_namespace(fd.get())) {
    throw Error{
        ErrorCode::invalid_environment,
        "CNI_NETNS: " + quote(path) + " must be a network namespace"};
  }
  return Netns{std::move(fd)};
}

std::optional<Netns> Netns::find(const std::string& path) {
  errno = 0;
  UniqueFd fd = open_file(path);
  if (fd && is_network_namespace(fd.get())) {
    return Netns{std::move(fd)};
  }
  if (is_passing(errno)) {
    throw SystemError{errno, "open " + quote(path)};
  }
  return std::nullopt;
}

Netns Netns::current() {
  UniqueFd fd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!fd) {
    throw SystemError{errno, "open the plugin's own network namespace"};
  }
  return Netns{std::move(fd)};
}

bool Netns::same_as(const Netns& other) const {
  struct stat mine {};
  struct stat theirs {};
  if (::fstat(fd(), &mine) != 0 || ::fstat(other.fd(), &theirs) != 0) {
    throw SystemError{errno, "inspect a network namespace"};
  }
  return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;
}

ScopedNetns::ScopedNetns(const Netns& target) : previous_{Netns::current()} {
  enter(target);
}

/// The kernel may be short of memory for a moment.
ScopedNetns::~ScopedNetns() {
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (::setns(previous_.fd(), CLONE_NEWNET) == 0) {
      return;
    }
  }
  std::abort();
}

}  // namespace patchbay::netns
