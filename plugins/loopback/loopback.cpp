// loopback: sets a container's lo up. Runtimes execute it once for every pod.

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "cni/plugin.h"
#include "netlink/addr.h"
#include "netlink/link.h"

namespace patchbay {
namespace {

constexpr IfIndex kLoopback{1};  // the first link of every namespace (net/core/dev.c)

bool is_loopback(const IpAddr& address) {
  return IpPrefix::parse(address.is_v6() ? "::1/128" : "127.0.0.0/8").contains(address);
}

/// Nothing else may be on lo: somebody would reach the container past its network.
void require_loopback_only(const std::vector<nl::Address>& addresses) {
  for (const auto& address : addresses) {
    if (!is_loopback(address.prefix.address())) {
      throw Error{
          ErrorCode::invalid_config,
          "loopback: interface 'lo' has address " + address.prefix.str() +
              ", which is not a loopback address"};
    }
  }
}

cni::Result result_of(
    const cni::Attachment& attachment, const std::vector<nl::Address>& addresses) {
  cni::Result result;
  result.interfaces.push_back(
      {.name = "lo", .mac = MacAddr{}.str(), .sandbox = attachment.netns_path});
  for (const bool v6 : {false, true}) {
    const auto first =
        std::find_if(addresses.begin(), addresses.end(), [&](const nl::Address& address) {
          return address.prefix.is_v6() == v6;
        });
    if (first != addresses.end()) {
      result.ips.push_back({.interface = 0, .address = first->prefix});
    }
  }
  return result;
}

cni::Result add(const cni::Attachment& attachment) {
  log::phase("link");
  nl::Socket container = nl::Socket::in(*attachment.netns);
  nl::change_link(container, kLoopback, {.up = true}, "set 'lo' up");
  const auto addresses = nl::list_addresses(container, kLoopback);
  require_loopback_only(addresses);
  return attachment.previous ? *attachment.previous : result_of(attachment, addresses);
}

void del(const cni::Attachment& attachment) {
  if (!attachment.netns) {
    return;
  }
  nl::Socket container = nl::Socket::in(*attachment.netns);
  nl::change_link(container, kLoopback, {.up = false}, "set 'lo' down");
}

void check(const cni::Attachment& attachment) {
  nl::Socket container = nl::Socket::in(*attachment.netns);
  const auto link = nl::find_link(container, kLoopback);
  if (!link || !link->up) {
    throw Error{ErrorCode::check_failed, "loopback: interface 'lo' is not up"};
  }
  const auto addresses = nl::list_addresses(container, kLoopback);
  require_loopback_only(addresses);
  if (addresses.empty()) {
    throw Error{ErrorCode::check_failed, "loopback: interface 'lo' has no loopback address"};
  }
}

}  // namespace
}  // namespace patchbay

int main(int argc, char** argv) {
  using namespace patchbay;
  return cni::run(
      {.name = "loopback",
       .about = "sets the container's loopback interface up",
       .capabilities = {Capability::net_admin, Capability::sys_admin},
       .add = add,
       .del = del,
       .check = check},
      argc,
      argv);
}
