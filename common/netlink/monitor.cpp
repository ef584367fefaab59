#include "netlink/monitor.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <utility>

#include <linux/rtnetlink.h>

#include "netlink/link_wire.h"

namespace patchbay::nl {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kMoment{20};

}  // namespace

int milliseconds_until(Deadline deadline) {
  const auto left = duration_cast<milliseconds>(deadline - steady_clock::now()).count() + 1;
  return left > 0 ? static_cast<int>(left) : 0;
}

LinkMonitor::LinkMonitor(Socket socket, IfIndex link, Event event)
    : socket_{std::move(socket)},
      link_{link},
      event_{event} {
  socket_.join(RTNLGRP_LINK);
}

LinkMonitor::LinkMonitor(IfIndex link, Event event) : LinkMonitor{Socket{}, link, event} {}

LinkMonitor::LinkMonitor(const netns::Netns& ns, IfIndex link, Event event)
    : LinkMonitor{Socket::in(ns), link, event} {}

bool LinkMonitor::tells(const nlmsghdr& message) const {
  const bool is_removal = message.nlmsg_type == RTM_DELLINK;
  if (is_removal != (event_ == Event::removal) || !is_about(message, link_)) {
    return false;
  }
  const auto link = parse_link(message);
  return link && (is_removal || link->oper_up);
}

bool LinkMonitor::hear(bool& happened) {
  int error = 0;
  while (error == 0) {
    error = socket_.receive(
        [&](const nlmsghdr& message) { happened = happened || tells(message); },
        Socket::Patience::none);
  }
  return error == EAGAIN;
}

bool wait_until_up(Socket& socket, IfIndex link, Deadline deadline, const netns::Netns* ns) {
  const auto is_up = [&] {
    const auto state = find_link(socket, link);
    return state && state->oper_up;
  };
  if (is_up()) {
    return true;
  }
  constexpr auto kUp = LinkMonitor::Event::up;
  LinkMonitor monitor = ns != nullptr ? LinkMonitor{*ns, link, kUp} : LinkMonitor{link, kUp};
  bool up = is_up();
  Deadline ask = steady_clock::now() + kMoment;
  while (!up && steady_clock::now() < deadline) {
    pollfd waiting{monitor.fd(), POLLIN, 0};
    (void)::poll(&waiting, 1, milliseconds_until(std::min(deadline, ask)));
    (void)monitor.hear(up);  // what was lost is asked for
    if (!up && steady_clock::now() >= ask) {
      up = is_up();
      ask = steady_clock::now() + kMoment;
    }
  }
  return up || is_up();  // this process may have been stopped in the meantime
}

}  // namespace patchbay::nl
