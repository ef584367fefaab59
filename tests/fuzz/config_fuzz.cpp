// Any bytes as a network configuration: Error is the worst that may come of it.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "cni/config.h"

namespace patchbay::cni {
namespace {

/// The kinds of keys that plugins declare.
void declare(Keys& keys, MacRequest& mac, Dns& dns) {
  bool flag = false;
  std::string text;
  std::uint32_t number = 0;
  std::optional<std::uint32_t> id;
  std::vector<Route> routes;
  const auto parse_name = [](const std::string& name) { (void)IfName::parse(name); };
  const auto parse_prefix = [](const std::string& cidr) { (void)IpPrefix::parse(cidr); };
  keys.text("name", text, "");
  keys.parsed("bridge", Format::ifname, parse_name, "");
  keys.flag("isGateway", flag, "");
  keys.number("vlan", number, {0, 4094}, "");
  keys.number_or("mtu", number, {0, 65535}, {"auto", flag}, "");
  keys.choice("type", text, {"bridge", "veth"}, "");
  keys.objects(
      "vlanTrunk",
      [&](Keys& item) {
        item.number("id", id, {1, 4094}, "");
      },
      "");
  keys.object(
      "ipam",
      [&](Keys& nested) {
        nested.nested_objects(
            "ranges",
            [] {},
            [&](Keys& item) { item.parsed("subnet", Format::cidr, parse_prefix, ""); },
            "");
        nested.objects(
            "routes", [&](Keys& item) { declare_route(item, routes); }, "");
      },
      "");
  keys.object(
      "dns", [&](Keys& nested) { declare_dns(nested, dns); }, "");
  mac.declare(keys);
}

void print_in_every_version(const Result& result) {
  for (const auto version : kVersions) {
    try {
      (void)print(result, Version::parse(version));
    } catch (const Error&) {  // the oldest two cannot express every result
    }
  }
}

void use(std::string document) {
  const Config config = Config::parse(std::move(document));
  for (const auto version : {Version::parse("0.2.0"), Version::newest()}) {
    if (const auto previous = config.previous_result(version)) {
      print_in_every_version(*previous);
    }
  }
  MacRequest mac;
  Dns dns;
  config.read([&](Keys& keys) { declare(keys, mac, dns); });
  (void)mac.resolve(Args{});
}

}  // namespace
}  // namespace patchbay::cni

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    patchbay::cni::use({reinterpret_cast<const char*>(data), size});
  } catch (const patchbay::Error&) {
    return 0;
  }
  return 0;
}
