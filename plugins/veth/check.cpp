// CHECK and STATUS of the veth plugin.

#include "check.h"

#include <algorithm>

#include "attach/detach.h"
#include "attach/gateway.h"
#include "base/error.h"
#include "config.h"
#include "ipam/delegate.h"
#include "ipam/verify.h"
#include "netlink/addr.h"

namespace patchbay::veth {

namespace {

/// The host's end has every gateway of the container as an address.
void require_gateways(nl::Socket& host, const nl::Link& near, const cni::Attachment& attachment) {
  const auto present = nl::list_addresses(host, near.index);
  for (const auto& ip : attachment.previous->ips) {
    const bool found =
        !ip.gateway || std::any_of(present.begin(), present.end(), [&](const nl::Address& one) {
          return one.prefix == IpPrefix::host(*ip.gateway);
        });
    ipam::require(
        found,
        "gateway address " + (ip.gateway ? ip.gateway->str() : "") + " is missing on " +
            quote(near.name.str()));
  }
}

void check_host(const cni::Attachment& attachment, const nl::Link& far) {
  nl::Socket host;
  const auto near = attach::find_host_end(host, attachment);
  ipam::require(near && near->peer == far.index, "the host's end of the veth pair is missing");
  ipam::require(near->up, "interface " + quote(near->name.str()) + " is not up");
  ipam::require_host_link(*near, attachment);
  require_gateways(host, *near, attachment);
  std::vector<nl::Route> routes;
  for (const auto& address : ipam::container_addresses(attachment)) {
    routes.push_back(host_route(address));
    attach::require_forwarding(host, address.is_v6());
  }
  ipam::require_routes(host, *near, routes);
}

}  // namespace

void check(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  ipam::run(attachment.network, config.ipam, "CHECK");
  nl::Socket container = nl::Socket::in(*attachment.netns);
  const auto far = ipam::require_container_veth(container, attachment);
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
