#pragma once

#include <chrono>
#include <functional>

#include "netlink/link.h"

namespace patchbay::nl {

using Deadline = std::chrono::steady_clock::time_point;

/// Milliseconds until `deadline` for poll(2), rounded up; 0 when it has passed.
int milliseconds_until(Deadline deadline);

/// Hears what happens to links in one namespace. Open it *before* the event that is waited for.
class LinkMonitor {
 public:
  /// In the calling thread's namespace, or inside `ns`. Throws SystemError.
  LinkMonitor();
  explicit LinkMonitor(const netns::Netns& ns);

  [[nodiscard]] int fd() const { return socket_.fd(); }

  /// Reads the notifications that have arrived and notes the removal of `link`. False when some
  /// were lost (a flood): then the state has to be asked for.
  bool saw_removal(IfIndex link, bool& removed);
  /// Waits until `link`, which was down when this was opened, is operationally up. Asks `host` only
  /// when notifications were lost, and at the end: the kernel answers after whatever the event has
  /// set off, which takes it milliseconds on a bridge of 500 ports. False when `deadline` passes
  /// before.
  bool wait_until_up(Socket& host, IfIndex link, Deadline deadline);

 private:
  bool drain(const std::function<void(std::uint16_t type, const Link&)>& visit);

  Socket socket_;
};

}  // namespace patchbay::nl
