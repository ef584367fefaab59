#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attach/gateway.h"
#include "attach/masquerade.h"
#include "cni/plugin.h"
#include "ovsdb/bridge.h"
#include "ovsdb/port.h"
#include "ovsdb/remote.h"

namespace patchbay::ovs {

/// The configuration of the ovs plugin, parsed and consistent.
struct Config {
  ovsdb::BridgeSpec bridge;
  bool ensure_bridge = false;
  ovsdb::Endpoint endpoint;
  ovsdb::Vlans vlans;
  bool port_isolation = false;
  std::string interface_type;
  std::uint32_t ofport_request = 0;
  ovsdb::Rate from_container;
  ovsdb::Rate to_container;
  std::map<std::string, std::string> external_ids;
  std::map<std::string, std::string> other_config;
  std::string ovn_port;                   ///< args.cni.ovnPort; CNI_ARGS OvnPort wins.
  std::chrono::milliseconds patience{0};  ///< With ovs-vswitchd; 0: it is not waited for.

  std::uint32_t mtu = 0;  ///< 0: the kernel's default.
  bool mtu_auto = false;
  bool mac_spoof_check = false;
  bool ip_spoof_check = false;
  attach::Gateway gateway;
  attach::Masquerade masquerade;
  std::string ipam;  ///< Empty: layer 2 only.
  cni::Dns dns;
  cni::MacRequest mac;
};

/// Declares every key.
void declare(cni::Keys& keys);

/// Reads and checks a network's configuration, completed from the file that it names. Throws
/// Error{decoding_failure, unsupported_field, invalid_config}.
Config parse(const cni::Network& network);
/// The same for ADD and CHECK: with what CNI_ARGS adds, and with a bridge.
Config parse(const cni::Attachment& attachment);

/// The MAC address that is asked for: runtimeConfig.mac, else CNI_ARGS MAC, else args.cni.mac (the
/// latter two as in ovs-cni). Throws Error{invalid_config, invalid_environment}.
std::optional<MacAddr> requested_mac(const Config& config, const cni::Args& args);

}  // namespace patchbay::ovs
