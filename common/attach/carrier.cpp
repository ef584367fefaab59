#include "attach/carrier.h"

#include <chrono>

#include "base/error.h"
#include "netlink/monitor.h"

namespace patchbay::attach {

namespace {

/// On a busy host the kernel is late with it: seconds, when 200 runtimes work at once.
constexpr std::chrono::seconds kPatience{30};

}  // namespace

void await_carrier(nl::Socket& socket, const nl::Link& link, const netns::Netns* ns) {
  const nl::Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  if (!nl::wait_until_up(socket, link.index, deadline, ns)) {
    throw Error{
        ErrorCode::kernel,
        "interface " + quote(link.name.str()) + " has not come up in " +
            std::to_string(kPatience.count()) + " s"};
  }
}

}  // namespace patchbay::attach
