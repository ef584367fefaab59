#include "netlink/monitor.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>

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

LinkMonitor::LinkMonitor() {
  socket_.join(RTNLGRP_LINK);
}

LinkMonitor::LinkMonitor(const netns::Netns& ns) : socket_{Socket::in(ns)} {
  socket_.join(RTNLGRP_LINK);
}

bool LinkMonitor::drain(
    IfIndex link, const std::function<void(std::uint16_t, const Link&)>& visit) {
  int error = 0;
  const auto visit_link = [&](const nlmsghdr& message) {
    if (!is_about(message, link)) {
      return;
    }
    if (const auto event = parse_link(message)) {
      visit(message.nlmsg_type, *event);
    }
  };
  while (error == 0) {
    error = socket_.receive(visit_link, Socket::Patience::none);
  }
  return error == EAGAIN;
}

bool LinkMonitor::saw_removal(IfIndex link, bool& removed) {
  return drain(
      link, [&](std::uint16_t type, const Link&) { removed = removed || type == RTM_DELLINK; });
}

bool LinkMonitor::wait_until_up(Socket& host, IfIndex link, Deadline deadline) {
  const auto is_up = [&] {
    const auto state = find_link(host, link);
    return state && state->oper_up;
  };
  bool up = false;
  Deadline ask = steady_clock::now() + kMoment;
  while (!up && steady_clock::now() < deadline) {
    pollfd waiting{fd(), POLLIN, 0};
    (void)::poll(&waiting, 1, milliseconds_until(std::min(deadline, ask)));
    const bool complete = drain(link, [&](std::uint16_t type, const Link& event) {
      up = type == RTM_NEWLINK && event.oper_up;
    });
    if (!complete || (!up && steady_clock::now() >= ask)) {
      up = is_up();
      ask = steady_clock::now() + kMoment;
    }
  }
  return up || is_up();  // this process may have been stopped in the meantime
}

}  // namespace patchbay::nl
