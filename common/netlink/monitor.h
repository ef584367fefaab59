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
  /// Waits until `link` is operationally up. Asks `host` only when notifications were lost, at the
  /// end, and when nothing was heard for a moment. Who asks is answered after whatever the event
  /// has set off, which takes the kernel milliseconds on a bridge of 500 ports; but it keeps the
  /// carrier of a pair whose ends have the same number to itself for up to a second, unless
  /// somebody asks (net/core/link_watch.c: linkwatch_urgent_event). False when `deadline` passes
  /// before.
  bool wait_until_up(Socket& host, IfIndex link, Deadline deadline);

 private:
  /// Reads what has arrived and visits what is about `link`.
  bool drain(IfIndex link, const std::function<void(std::uint16_t type, const Link&)>& visit);

  Socket socket_;
};

}  // namespace patchbay::nl
