#include "netlink/deletion.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <span>
#include <string_view>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include "base/error.h"
#include "base/log.h"
#include "netlink/link_wire.h"

namespace patchbay::nl {

namespace {

constexpr std::chrono::seconds kPatience{1};
/// Links that somebody is about to delete ("pdel"): who finds others there deletes them rightly.
constexpr std::uint32_t kDeletionGroup = 0x7064656c;
/// As many acknowledgements as a socket's buffer holds.
constexpr std::size_t kMostRequests = 50;

bool must_wait() {
  const char* value = std::getenv("PATCHBAY_WAIT_FOR_DELETE");
  return value != nullptr && std::string_view{value} == "1";
}

/// Closes every descriptor but these; nobody may wait for the end of our stdout.
void keep_only(std::array<int, 3> kept) {
  std::sort(kept.begin(), kept.end());
  int next = 0;
  for (const int fd : kept) {
    if (fd > next) {
      (void)::close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd) - 1, 0);
    }
    next = fd + 1;
  }
  (void)::close_range(static_cast<unsigned>(next), ~0U, 0);
}

/// The acknowledgement is not read. A failure ends the process: the parent notices.
void send_request(Socket& socket, IfIndex index) noexcept {
  const Message request = link_message(RTM_DELLINK, 0, static_cast<int>(index));
  socket.send(std::span{&request, 1});
}

/// A bridge reconsiders all its ports when one of them goes down, and again when it leaves: so a
/// port leaves first, and goes down as a link of its own.
Message doom(const Link& link) {
  Message message = link_message(RTM_SETLINK, 0, static_cast<int>(link.index));
  message.put(IFLA_GROUP, kDeletionGroup);
  if (link.master) {
    message.put(IFLA_MASTER, std::uint32_t{0});
  }
  return message;
}

void require_gone_or_done(const Refusal& refusal, std::string_view what) {
  if (refusal && refusal.error != ENODEV) {
    refusal.raise(what);
  }
}

}  // namespace

PairDeletion::PairDeletion(Socket& host, IfIndex near, std::optional<OtherEnd> other, int kept_open)
    : host_{host},
      near_{near} {
  if (must_wait()) {
    return;
  }
  if (other) {
    ends_.push_back({LinkMonitor{other->ns, other->index, LinkMonitor::Event::removal}});
  }
  ends_.push_back({LinkMonitor{near, LinkMonitor::Event::removal}});
  start_child(other ? other->index : near, kept_open);
}

void PairDeletion::start_child(IfIndex named, int kept_open) {
  std::array<int, 2> alive{};
  if (::pipe2(alive.data(), O_CLOEXEC) != 0) {
    throw SystemError{errno, "create a pipe"};
  }
  child_alive_ = UniqueFd{alive[0]};
  const UniqueFd childs_end{alive[1]};
  Socket& socket = ends_.front().monitor.socket();
  const pid_t child = ::fork();
  if (child < 0) {
    log::warn("cannot fork to delete a link, continuing by waiting for it");
    ends_.clear();
  }
  if (child == 0) {
    keep_only({socket.fd(), childs_end.get(), kept_open});
    send_request(socket, named);
    ::_exit(0);
  }
}

std::size_t PairDeletion::gone() const {
  return static_cast<std::size_t>(
      std::count_if(ends_.begin(), ends_.end(), [](const End& end) { return end.gone; }));
}

/// Waits until so many ends are announced to be gone; false when that does not happen, or when some
/// announcement was lost.
bool PairDeletion::hear_of(std::size_t ends) {
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  while (gone() < ends) {
    std::vector<pollfd> waiting{{child_alive_.get(), 0, 0}};
    for (auto& end : ends_) {
      waiting.push_back({end.gone ? -1 : end.monitor.fd(), POLLIN, 0});
    }
    if (::poll(waiting.data(), waiting.size(), milliseconds_until(deadline)) == 0) {
      return false;
    }
    const bool child_ended = waiting.front().revents != 0;
    const bool complete = std::all_of(ends_.begin(), ends_.end(), [](End& end) {
      return end.gone || end.monitor.hear(end.gone);
    });
    if (!complete || (child_ended && gone() < ends)) {
      return false;
    }
  }
  return true;
}

void PairDeletion::wait_for(std::size_t ends) {
  if (awaited_here_ || (!ends_.empty() && hear_of(ends))) {
    return;
  }
  awaited_here_ = true;  // once, whatever comes of it
  delete_link(host_, near_);
}

void PairDeletion::wait_until_unlisted() {
  wait_for(1);
}

void PairDeletion::wait() {
  wait_for(ends_.size());
}

void delete_links(Socket& socket, const std::vector<Link>& links) {
  std::vector<Message> requests;
  for (const Link& link : links) {
    requests.push_back(doom(link));
    if (requests.size() == kMostRequests || &link == &links.back()) {
      require_gone_or_done(socket.try_request(requests), "gather links to delete");
      requests.clear();
    }
  }
  Message deletion = link_message(RTM_DELLINK, 0, 0);
  deletion.put(IFLA_GROUP, kDeletionGroup);
  require_gone_or_done(socket.try_request(deletion), "delete a group of links");
}

}  // namespace patchbay::nl
