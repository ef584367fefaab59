#include "config.h"

#include <linux/rtnetlink.h>

#include "base/error.h"
#include "ipam/delegate.h"

namespace patchbay::veth {

void declare(cni::Keys& keys, Config& config) {
  config.masquerade.declare(keys);
  keys.number("mtu", config.mtu, {0, 65535}, "MTU of both ends in bytes; 0: the kernel's default");
  ipam::declare(keys, config.ipam);
  keys.object(
      "dns", [&](cni::Keys& nested) { cni::declare_dns(nested, config.dns); }, "DNS to report");
  config.mac.declare(keys);
}

Config parse(const cni::Network& network) {
  Config config;
  network.config.read([&](cni::Keys& keys) { declare(keys, config); });
  if (config.ipam.empty()) {
    throw Error{ErrorCode::invalid_config, "ipam.type: missing, but required"};
  }
  return config;
}

std::vector<nl::Route> container_routes(const cni::Result& result) {
  std::vector<nl::Route> routes;
  for (const auto& ip : result.ips) {
    if (!ip.gateway) {
      continue;
    }
    const IpAddr source = ip.address.address();
    routes.push_back({.dst = IpPrefix::host(*ip.gateway), .src = source, .scope = RT_SCOPE_LINK});
    routes.push_back({.dst = ip.address.network(), .gw = ip.gateway, .src = source});
  }
  return routes;
}

nl::Route host_route(const IpPrefix& address) {
  return {.dst = IpPrefix::host(address.address()), .scope = RT_SCOPE_HOST};
}

}  // namespace patchbay::veth
