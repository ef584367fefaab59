#pragma once

#include <chrono>

#include "netlink/link.h"

namespace patchbay::nl {

using Deadline = std::chrono::steady_clock::time_point;

/// Milliseconds until `deadline` for poll(2), rounded up; 0 when it has passed.
int milliseconds_until(Deadline deadline);

/// Hears of one event of one link. Open it *before* the event that is waited for.
class LinkMonitor {
 public:
  enum class Event { up, removal };  ///< Up: operationally, so that it carries packets.

  /// In the calling thread's namespace, or inside `ns`. Throws SystemError.
  LinkMonitor(IfIndex link, Event event);
  LinkMonitor(const netns::Netns& ns, IfIndex link, Event event);

  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] Socket& socket() { return socket_; }

  /// Reads the notifications that have arrived and notes the event in `happened`. False when some
  /// were lost (a flood): then the state has to be asked for.
  bool hear(bool& happened);

 private:
  LinkMonitor(Socket socket, IfIndex link, Event event);

  [[nodiscard]] bool tells(const nlmsghdr& message) const;

  Socket socket_;
  IfIndex link_;
  Event event_;
};

/// Waits until `link` is up. Asks `socket`, which belongs to the link's namespace, first: a look-up
/// has the kernel see to the carrier there and then (Linux 6.8, net/core/link_watch.c:
/// linkwatch_sync_dev), while a worker does it later, that of a pair whose ends have the same
/// number up to a second later. Listens to the kernel otherwise, and asks again when nothing was
/// heard for a moment and at the end. `ns` is the link's namespace; the calling thread's when null.
/// False when `deadline` passes before. Throws SystemError.
bool wait_until_up(
    Socket& socket, IfIndex link, Deadline deadline, const netns::Netns* ns = nullptr);

}  // namespace patchbay::nl
