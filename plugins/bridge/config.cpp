#include "config.h"

#include <algorithm>

#include "attach/vlan_trunk.h"
#include "base/error.h"
#include "ipam/delegate.h"
#include "nft/spoofcheck.h"

namespace patchbay::bridge {

namespace {

constexpr cni::Bounds kVlanIds{1, 4094};
constexpr std::uint16_t kDefaultVlan = 1;

[[noreturn]] void refuse(const std::string& message) {
  throw Error{ErrorCode::invalid_config, message};
}

/// Ascending, overlapping and adjoining ranges joined.
std::vector<nl::VlanRange> normalised(std::vector<nl::VlanRange> ranges) {
  std::sort(
      ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<nl::VlanRange> joined;
  for (const auto& range : ranges) {
    if (!joined.empty() && range.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

void declare_vlans(cni::Keys& keys, Config& config) {
  keys.number("vlan", config.vlan, {0, 4094}, "VLAN of the port, untagged; 0: none");
  keys.objects(
      "vlanTrunk",
      [&](cni::Keys& item) {
        attach::declare_trunk_entry(item, kVlanIds, [&](std::uint16_t first, std::uint16_t last) {
          config.trunk.push_back({first, last});
        });
      },
      "VLANs that the port carries tagged");
  keys.flag(
      "preserveDefaultVlan", config.preserve_default_vlan, "keep the bridge's default VLAN too");
}

void declare_uplink(cni::Keys& keys, Config& config) {
  keys.parsed(
      "uplink",
      cni::Format::ifname,
      [&](const std::string& text) { config.uplink = IfName::parse(text); },
      "NIC of the host that becomes a port of the bridge");
  keys.choice(
      "uplinkAddresses",
      config.uplink_addresses,
      {"refuse", "move"},
      "what becomes of addresses and routes of the uplink");
}

void check(const Config& config) {
  if (config.hairpin && config.promisc) {
    refuse("hairpinMode, promiscMode: only one of them can be true");
  }
  if (config.disable_container_interface && !config.ipam.empty()) {
    refuse(
        "disableContainerInterface: cannot be true together with ipam.type " + quote(config.ipam));
  }
  if (config.uplink && *config.uplink == config.name) {
    refuse("uplink: " + quote(config.uplink->str()) + " must not be the bridge itself");
  }
  if (!config.uplink && config.uplink_addresses == "move") {
    refuse("uplinkAddresses: 'move' needs an uplink");
  }
}

}  // namespace

std::uint32_t Config::link_group() const {
  return mac_spoof_check ? nft::kSpoofCheckGroup : 0;
}

void declare(cni::Keys& keys, Config& config) {
  keys.parsed(
      "bridge",
      cni::Format::ifname,
      [&](const std::string& text) { config.name = IfName::parse(text); },
      "name of the bridge, created when missing; cni0 when absent");
  config.gateway.declare(keys);
  config.masquerade.declare(keys);
  keys.number_or(
      "mtu",
      config.mtu,
      {0, 65535},
      {"auto", config.mtu_auto},
      "MTU in bytes; 0: the kernel's default; auto: that of the uplink or the default route");
  keys.flag("hairpinMode", config.hairpin, "let the port send frames back where they came from");
  keys.flag("promiscMode", config.promisc, "make the bridge promiscuous");
  declare_vlans(keys, config);
  keys.flag("macspoofchk", config.mac_spoof_check, "drop frames under a foreign MAC address");
  keys.flag(
      "enabledad", config.detect_duplicates, "detect duplicate IPv6 addresses (takes 1 to 2 s)");
  keys.flag(
      "disableContainerInterface",
      config.disable_container_interface,
      "leave the container's end down (layer 2 only)");
  keys.flag("portIsolation", config.port_isolation, "let the port reach only unisolated ports");
  declare_uplink(keys, config);
  ipam::declare(keys, config.ipam);
  keys.object(
      "dns", [&](cni::Keys& nested) { cni::declare_dns(nested, config.dns); }, "DNS to report");
  config.mac.declare(keys);
}

Config parse(const cni::Network& network) {
  Config config;
  network.config.read([&](cni::Keys& keys) { declare(keys, config); });
  config.trunk = normalised(std::move(config.trunk));
  check(config);
  return config;
}

/// The native VLAN is the access VLAN, or the default one of a pure trunk; it must not also be in
/// a tagged range, which would make it tagged.
std::vector<nl::VlanRange> port_vlans(const Config& config) {
  const auto native = config.vlan != 0 ? static_cast<std::uint16_t>(config.vlan) : kDefaultVlan;
  std::vector<nl::VlanRange> vlans{{native, native, true}};
  for (const auto& range : config.trunk) {
    if (range.first < native) {
      vlans.push_back({range.first, std::min(range.last, static_cast<std::uint16_t>(native - 1))});
    }
    if (range.last > native) {
      vlans.push_back({std::max(range.first, static_cast<std::uint16_t>(native + 1)), range.last});
    }
  }
  std::sort(
      vlans.begin(), vlans.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return vlans;
}

}  // namespace patchbay::bridge
