#pragma once

#include <optional>
#include <vector>

#include "netlink/monitor.h"

namespace patchbay::nl {

/// The deletion of a veth pair, observed and not awaited.
///
/// RTM_DELLINK takes the kernel 0.5 ms until both ends are unlisted, their addresses and routes are
/// gone and the names are free again; it announces that. Its acknowledgement comes 16 to 25 ms
/// later, after an RCU barrier that merely frees memory. So a child process sends the request and
/// sits the barrier out, while wait() returns at the announcement; the child ends by itself and is
/// reaped by init. With PATCHBAY_WAIT_FOR_DELETE=1 (for an init that does not reap) the
/// acknowledgement is awaited here instead.
class PairDeletion {
 public:
  /// Sends the request to delete `end`, which lives where `socket` is. `other` is the namespace of
  /// the other end, when it is at hand and the other end is known.
  struct OtherEnd {
    const netns::Netns& ns;
    IfIndex index;
  };
  /// The child keeps `kept_open` (-1: none) open until the barrier is over; see nft::Connection.
  PairDeletion(Socket& socket, const Link& end, std::optional<OtherEnd> other, int kept_open = -1);
  PairDeletion(const PairDeletion&) = delete;
  PairDeletion& operator=(const PairDeletion&) = delete;
  PairDeletion(PairDeletion&&) = delete;
  PairDeletion& operator=(PairDeletion&&) = delete;
  ~PairDeletion() = default;

  /// Returns when both ends are gone. When nothing is heard for a second, or the child died, the
  /// link is deleted and awaited here. Throws SystemError.
  void wait();

 private:
  void start_child(int kept_open);
  bool announced();

  Socket& socket_;
  Link end_;
  std::optional<LinkMonitor> near_;
  std::optional<LinkMonitor> far_;
  IfIndex far_index_{};
  UniqueFd child_alive_;  ///< Readable (end of file) when the child has ended.
};

/// Deletes `links`, pairs with both their ends, and waits: as a link group, so that the kernel
/// waits for its own readers once and not once a link. What is gone already is no failure. Throws
/// SystemError.
void delete_links(Socket& socket, const std::vector<Link>& links);

}  // namespace patchbay::nl
