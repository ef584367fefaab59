#pragma once

#include <optional>
#include <string>

#include "base/unique_fd.h"

namespace patchbay::netns {

/// An open handle on a network namespace; keeps it alive even if its path is unmounted.
class Netns {
 public:
  /// Opens a bind-mounted or /proc namespace file. Throws Error{invalid_environment} naming
  /// CNI_NETNS when `path` is missing or is not a network namespace.
  static Netns open(const std::string& path);
  /// As open(), but nullopt when none is at `path`, whatever stands there: for DEL, where gone is
  /// fine. Throws SystemError when that cannot be known for now, e.g. for want of memory.
  static std::optional<Netns> find(const std::string& path);
  /// The calling thread's.
  static Netns current();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// True when both handles name one namespace (same st_dev and st_ino).
  [[nodiscard]] bool same_as(const Netns& other) const;

 private:
  explicit Netns(UniqueFd fd) : fd_{std::move(fd)} {}

  UniqueFd fd_;
};

/// Moves the calling thread into `target` until the end of the scope.
///
/// Needed only for what is bound to the *current* namespace: socket(2) and /proc/sys/net. For
/// everything else hold an nl::Socket opened inside the target. If the way back fails the
/// destructor aborts: going on would configure the wrong host.
class ScopedNetns {
 public:
  explicit ScopedNetns(const Netns& target);
  ~ScopedNetns();
  ScopedNetns(const ScopedNetns&) = delete;
  ScopedNetns& operator=(const ScopedNetns&) = delete;
  ScopedNetns(ScopedNetns&&) = delete;
  ScopedNetns& operator=(ScopedNetns&&) = delete;

 private:
  Netns previous_;
};

}  // namespace patchbay::netns
