#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attach/gateway.h"
#include "attach/masquerade.h"
#include "cni/plugin.h"
#include "netlink/bridge.h"

namespace patchbay::bridge {

/// The configuration of the bridge plugin, parsed and consistent.
struct Config {
  IfName name = IfName::parse("cni0");
  attach::Gateway gateway;
  attach::Masquerade masquerade;
  std::uint32_t mtu = 0;  ///< 0: the kernel's default.
  bool mtu_auto = false;
  bool hairpin = false;
  bool promisc = false;
  std::uint32_t vlan = 0;            ///< 0: none.
  std::vector<nl::VlanRange> trunk;  ///< Ascending, neighbours joined.
  bool preserve_default_vlan = false;
  bool mac_spoof_check = false;
  bool detect_duplicates = false;
  bool disable_container_interface = false;
  bool port_isolation = false;
  std::optional<IfName> uplink;
  std::string uplink_addresses = "refuse";
  std::string ipam;  ///< Empty: layer 2 only.
  cni::Dns dns;
  cni::MacRequest mac;

  [[nodiscard]] bool uses_vlans() const { return vlan != 0 || !trunk.empty(); }
  [[nodiscard]] std::uint32_t link_group() const;
};

/// Declares every key; defaults are those of `config`.
void declare(cni::Keys& keys, Config& config);

/// Reads and checks a network's configuration. Throws Error{decoding_failure, invalid_config}.
Config parse(const cni::Network& network);

/// The VLANs that a container's port has to have, and the only ones.
std::vector<nl::VlanRange> port_vlans(const Config& config);

}  // namespace patchbay::bridge
