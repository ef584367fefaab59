#pragma once

#include <chrono>

#include "base/owner.h"
#include "base/unique_fd.h"
#include "patchbay/cache.h"

namespace patchbay::runner {

/// What is done with an attachment is done by one process at a time, and GC of a network is alone
/// with it (CNI spec, "GC"). Held until destroyed. Plugins inherit it: when the process is killed,
/// the kernel frees it as soon as the plugin that was running has ended, too.
class Lock {
 public:
  Lock(Lock&&) noexcept = default;
  Lock& operator=(Lock&&) = delete;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

  /// Waits at most `timeout`. Throws Error{try_again_later} when it is over, and SystemError.
  static Lock on_attachment(
      const Cache& cache, const Owner& owner, std::chrono::milliseconds timeout);
  static Lock on_network(
      const Cache& cache, const std::string& network, std::chrono::milliseconds timeout);

 private:
  explicit Lock(UniqueFd file) : file_{std::move(file)} {}

  UniqueFd file_;
};

}  // namespace patchbay::runner
