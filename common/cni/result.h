#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "cni/keys.h"
#include "cni/version.h"

namespace patchbay::cni {

struct Interface {
  std::string name{};
  std::string mac{};
  std::uint32_t mtu = 0;  ///< 0: not reported.
  std::string sandbox{};  ///< Netns path; empty for interfaces of the host.
  std::string socket_path{};
  std::string pci_id{};
};

struct IpConfig {
  std::optional<std::uint32_t> interface {};  ///< Index into Result::interfaces.
  IpPrefix address;
  std::optional<IpAddr> gateway{};
};

struct Route {
  IpPrefix dst;
  std::optional<IpAddr> gw{};
  std::uint32_t mtu = 0;       ///< Bytes; 0: not set. Likewise advmss and priority.
  std::uint32_t advmss = 0;    ///< Bytes.
  std::uint32_t priority = 0;  ///< The route's metric.
  std::optional<std::uint32_t> table{};
  std::optional<std::uint32_t> scope{};  ///< RT_SCOPE_*.

  friend bool operator==(const Route&, const Route&) = default;
};

struct Dns {
  std::vector<std::string> nameservers{};
  std::string domain{};
  std::vector<std::string> search{};
  std::vector<std::string> options{};

  [[nodiscard]] bool empty() const {
    return nameservers.empty() && domain.empty() && search.empty() && options.empty();
  }
};

/// The success result of ADD, always in the newest shape we know (1.1.0). Older versions exist
/// only in print() and parse_result(): no plugin ever branches on a version.
struct Result {
  std::vector<Interface> interfaces{};
  std::vector<IpConfig> ips{};
  std::vector<Route> routes{};
  Dns dns;
};

/// `result` as the JSON text of `version`, with the fields that this version has and no others.
/// Throws Error{incompatible_version} when `version` cannot express it (0.1.0 and 0.2.0 need an
/// address).
std::string print(const Result& result, Version version);
/// What print() prints.
nlohmann::json to_json(const Result& result, Version version);

/// Reads a result in the shape of its own "cniVersion", or of `version` when it names none.
/// `what` says what it is in messages ("prevResult").
Result parse_result(const nlohmann::json& document, Version version, const std::string& what);
/// As above, from text.
Result parse_result(std::string_view bytes, Version version, const std::string& what);

/// Declares the keys of a DNS object (they are the same in configurations and results).
void declare_dns(Keys& keys, Dns& dns);
/// Declares the keys of a route and appends it.
void declare_route(Keys& keys, std::vector<Route>& routes);

}  // namespace patchbay::cni
