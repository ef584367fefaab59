#pragma once

#include <string>
#include <vector>

#include "attach/masquerade.h"
#include "cni/plugin.h"
#include "netlink/route.h"

namespace patchbay::veth {

/// The configuration of the veth plugin, parsed and consistent.
struct Config {
  attach::Masquerade masquerade;
  std::uint32_t mtu = 0;
  std::string ipam;
  cni::Dns dns;
  cni::MacRequest mac;
};

/// Declares every key; defaults are those of `config`.
void declare(cni::Keys& keys, Config& config);

/// Reads and checks a network's configuration. Throws Error{decoding_failure, invalid_config}.
Config parse(const cni::Network& network);

/// The routes that make the addresses of `result` point-to-point: a gateway is reached through the
/// link, and its subnet through the gateway.
std::vector<nl::Route> container_routes(const cni::Result& result);

/// How the host reaches one address of the container.
nl::Route host_route(const IpPrefix& address);

}  // namespace patchbay::veth
