// CHECK and STATUS of the veth plugin.

#include "check.h"

#include "attach/detach.h"
#include "base/error.h"
#include "config.h"
#include "ipam/delegate.h"
#include "ipam/verify.h"
#include "netns/sysctl.h"

namespace patchbay::veth {

namespace {

void check_host(const cni::Attachment& attachment, const nl::Link& far) {
  nl::Socket host;
  const auto near = attach::find_host_end(host, attachment);
  ipam::require(near && near->peer == far.index, "the host's end of the veth pair is missing");
  ipam::require(near->up, "interface " + quote(near->name.str()) + " is not up");
  std::vector<nl::Route> routes;
  for (const auto& address : ipam::container_addresses(attachment)) {
    routes.push_back(host_route(address));
    ipam::require_sysctl(sysctl::forwarding_key(address.is_v6()), "1");
  }
  ipam::require_routes(host, *near, routes);
}

}  // namespace

void check(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  ipam::run(attachment.network, config.ipam, "CHECK");
  nl::Socket container = nl::Socket::in(*attachment.netns);
  const auto far = ipam::require_container_link(container, attachment);
  ipam::require_addresses(container, far, attachment);
  ipam::require_routes(container, far, container_routes(*attachment.previous));
  ipam::require_result_routes(container, far, attachment);
  check_host(attachment, far);
  config.masquerade.check(attachment);
}

void status(const cni::Network& network) {
  const Config config = parse(network);
  if (config.masquerade.enabled) {
    attach::require_nftables();
  }
  ipam::run(network, config.ipam, "STATUS");
}

}  // namespace patchbay::veth
