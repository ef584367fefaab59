#pragma once

#include <optional>
#include <vector>

#include "netlink/monitor.h"

namespace patchbay::nl {

/// The deletion of a veth pair, observed and not awaited.
///
/// RTM_DELLINK takes the kernel 0.5 ms until both ends are unlisted, their addresses and routes are
/// gone and the names are free again; it announces that, end by end. Its acknowledgement comes 16
/// to 25 ms later, after an RCU barrier that merely frees memory. So a child process sends the
/// request and sits the barrier out, while wait() returns at the announcements; the child ends by
/// itself and is reaped by init. With PATCHBAY_WAIT_FOR_DELETE=1 (for an init that does not reap)
/// the acknowledgement is awaited here instead.
///
/// The request names the container's end where that is known: what the kernel has to do for the
/// host's end, above all to take a port out of its bridge, comes last then, and the caller works on
/// meanwhile.
class PairDeletion {
 public:
  /// The container's end, when it is known and its namespace is at hand.
  struct OtherEnd {
    const netns::Netns& ns;
    IfIndex index;
  };
  /// Sends the request to delete the pair of `near`, which lives where `host` is. The child keeps
  /// `kept_open` (-1: none) open until the barrier is over; see nft::Connection.
  PairDeletion(Socket& host, IfIndex near, std::optional<OtherEnd> other, int kept_open = -1);
  PairDeletion(const PairDeletion&) = delete;
  PairDeletion& operator=(const PairDeletion&) = delete;
  PairDeletion(PairDeletion&&) = delete;
  PairDeletion& operator=(PairDeletion&&) = delete;
  ~PairDeletion() = default;

  /// Returns when no packet goes through the pair any more and nobody finds either end by name: the
  /// kernel shuts and unlists both before it announces one (net/core/dev.c:
  /// unregister_netdevice_many_notify). When nothing is heard for a second, or the child died, the
  /// pair is deleted and awaited here. Throws SystemError.
  void wait_until_unlisted();
  /// As above, and everything that belonged to either end is gone, too.
  void wait();

 private:
  struct End {
    LinkMonitor monitor;
    bool gone = false;
  };

  void start_child(IfIndex named, int kept_open);
  void wait_for(std::size_t ends);
  bool hear_of(std::size_t ends);
  [[nodiscard]] std::size_t gone() const;

  Socket& host_;
  IfIndex near_;
  std::vector<End> ends_;  ///< That which the request names first. Empty: nobody is listened to.
  UniqueFd child_alive_;   ///< Readable (end of file) when the child has ended.
  bool awaited_here_ = false;
};

/// Deletes `links`, pairs with both their ends, and waits: as a link group, so that the kernel
/// waits for its own readers once and not once a link. What is gone already is no failure. Throws
/// SystemError.
void delete_links(Socket& socket, const std::vector<Link>& links);

}  // namespace patchbay::nl
