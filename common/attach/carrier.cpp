#include "attach/carrier.h"

#include <chrono>

#include "base/error.h"
#include "netlink/monitor.h"

namespace patchbay::attach {

namespace {

/// On a busy host the kernel is late with it: seconds, when 200 runtimes work at once.
constexpr std::chrono::seconds kPatience{30};

void await_end(
    nl::Socket& socket, const nl::Link& link, nl::Deadline deadline, const netns::Netns* ns) {
  if (!nl::wait_until_up(socket, link.index, deadline, ns)) {
    throw Error{
        ErrorCode::kernel,
        "interface " + quote(link.name.str()) + " has not come up in " +
            std::to_string(kPatience.count()) + " s"};
  }
}

}  // namespace

void await_carrier(const PairEnds& pair) {
  const nl::Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  await_end(pair.host, pair.near, deadline, nullptr);
  await_end(pair.container, pair.far, deadline, &pair.ns);
}

}  // namespace patchbay::attach
