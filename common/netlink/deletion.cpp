#include "netlink/deletion.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
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

/// A bridge reconsiders all its ports when one of them goes down, and again when it leaves: so a
/// port leaves first, and goes down as a link of its own. The acknowledgements are not read. A
/// failure ends the process: the parent notices.
void send_requests(Socket& socket, const Link& end) noexcept {
  const int index = static_cast<int>(end.index);
  std::vector<Message> messages;
  if (end.master) {
    messages.push_back(link_message(RTM_SETLINK, 0, index));
    messages.back().put(IFLA_MASTER, std::uint32_t{0});
  }
  messages.push_back(link_message(RTM_DELLINK, 0, index));
  socket.send(messages);
}

/// A port leaves its bridge, as above.
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

PairDeletion::PairDeletion(
    Socket& socket, const Link& end, std::optional<OtherEnd> other, int kept_open)
    : socket_{socket},
      end_{end} {
  if (must_wait()) {
    return;
  }
  near_.emplace();
  if (other) {
    far_.emplace(other->ns);
    far_index_ = other->index;
  }
  start_child(kept_open);
}

void PairDeletion::start_child(int kept_open) {
  std::array<int, 2> alive{};
  if (::pipe2(alive.data(), O_CLOEXEC) != 0) {
    throw SystemError{errno, "create a pipe"};
  }
  child_alive_ = UniqueFd{alive[0]};
  const UniqueFd childs_end{alive[1]};
  Socket own;  // acknowledged to nobody: the parent's sockets stay in step
  const pid_t child = ::fork();
  if (child < 0) {
    log::warn("cannot fork to delete a link, continuing by waiting for it");
    near_.reset();
  }
  if (child == 0) {
    keep_only({own.fd(), childs_end.get(), kept_open});
    send_requests(own, end_);
    ::_exit(0);
  }
}

/// Waits for both announcements; false when they do not come, or some were lost.
bool PairDeletion::announced() {
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  bool near_gone = false;
  bool far_gone = !far_;
  while (!near_gone || !far_gone) {
    std::array<pollfd, 3> waiting{
        pollfd{near_gone ? -1 : near_->fd(), POLLIN, 0},
        pollfd{far_gone ? -1 : far_->fd(), POLLIN, 0},
        pollfd{child_alive_.get(), 0, 0}};
    if (::poll(waiting.data(), waiting.size(), milliseconds_until(deadline)) == 0) {
      return false;
    }
    const bool child_ended = waiting[2].revents != 0;
    const bool near_complete = near_gone || near_->saw_removal(end_.index, near_gone);
    const bool far_complete = far_gone || far_->saw_removal(far_index_, far_gone);
    if (!near_complete || !far_complete || (child_ended && !(near_gone && far_gone))) {
      return false;
    }
  }
  return true;
}

void PairDeletion::wait() {
  if (near_ && announced()) {
    return;
  }
  delete_link(socket_, end_.index);
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
