#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "cni/args.h"
#include "cni/plugin.h"
#include "range.h"

namespace patchbay::hostlocal {

/// Where the leases of a network are: all that DEL and GC have to know.
struct Place {
  std::string data_dir = "/var/lib/cni/networks";
  std::uint32_t lock_timeout_s = 10;

  /// The network's own directory. `network` is an identifier, so it cannot lead out of data_dir.
  [[nodiscard]] std::string directory(const std::string& network) const;
};

/// A configuration that has been checked; addresses come out of every one of `sets`, in order.
struct Config {
  Place place;
  std::vector<RangeSet> sets;
  std::vector<cni::Route> routes;
  std::string resolv_conf;
  /// From args.cni.ips and then runtimeConfig.ips.
  std::vector<IpAddr> requested;
};

/// Declares every key.
void declare(cni::Keys& keys);

/// Reads and checks everything. Throws Error{decoding_failure, invalid_config} naming the key.
Config parse_config(const cni::Network& network);
/// Reads no more than Place needs, so that what is leased can be freed whatever has become of the
/// rest of the configuration.
Place parse_place(const cni::Network& network);

/// Which of the addresses asked for each set is to serve, in the order of the sets. CNI_ARGS' IP
/// comes before the configuration's. Throws Error{invalid_config} when one of them is a gateway or
/// cannot be served by any set, and Error{invalid_environment} when CNI_ARGS is unreadable.
std::vector<std::optional<IpAddr>> assign_requests(const Config& config, const cni::Args& args);

}  // namespace patchbay::hostlocal
