#include "config.h"

#include <algorithm>
#include <set>

#include "attach/vlan_trunk.h"
#include "base/error.h"
#include "config_file.h"
#include "ipam/delegate.h"

namespace patchbay::ovs {

namespace {

constexpr cni::Bounds kVlanIds{0, 4095};
constexpr cni::Bounds kRates{0, 1'000'000'000'000'000};
constexpr cni::Bounds kKilobits{0, 4'294'967'295};
constexpr std::uint64_t kKilo = 1000;

/// The keys as they stand in the document, before they are judged together.
struct Keyring {
  Config config;
  std::optional<std::uint32_t> vlan;
  std::set<std::uint16_t> trunk;
  std::uint32_t check_retries = 5;
  std::uint32_t check_interval_ms = 600;
  std::uint32_t policing_rate = 0;
  std::uint32_t policing_burst = 0;
  std::string device_id;
  std::string configuration_path;
};

[[noreturn]] void refuse(const std::string& message) {
  throw Error{ErrorCode::invalid_config, message};
}

void declare_bridge(cni::Keys& keys, Keyring& ring) {
  Config& config = ring.config;
  keys.parsed(
      "bridge",
      cni::Format::ifname,
      [&](const std::string& text) { config.bridge.name = IfName::parse(text).str(); },
      "name of the Open vSwitch bridge; br-int when absent and OvnPort is given");
  keys.flag("ensureBridge", config.ensure_bridge, "make the bridge when it is missing");
  keys.choice(
      "datapathType",
      config.bridge.datapath_type,
      {"", "system", "netdev"},
      "datapath of a bridge that is made: the kernel's or that of ovs-vswitchd");
  keys.choice(
      "failMode",
      config.bridge.fail_mode,
      {"", "standalone", "secure"},
      "of a bridge that is made: what it does without a controller");
}

void declare_vlans(cni::Keys& keys, Keyring& ring) {
  keys.number("vlan", ring.vlan, kVlanIds, "VLAN of the port");
  keys.objects(
      "trunk",
      [&](cni::Keys& item) {
        attach::declare_trunk_entry(item, kVlanIds, [&](std::uint16_t first, std::uint16_t last) {
          for (std::uint32_t id = first; id <= last; ++id) {
            ring.trunk.insert(static_cast<std::uint16_t>(id));
          }
        });
      },
      "VLANs that the port carries tagged; without vlanMode, vlan does not count beside it");
  keys.choice(
      "vlanMode",
      ring.config.vlans.mode,
      {"", "access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel"},
      "how vlan and trunk are meant; access with vlan alone and trunk else when absent");
}

void declare_port(cni::Keys& keys, Keyring& ring) {
  Config& config = ring.config;
  declare_vlans(keys, ring);
  keys.number_or(
      "mtu",
      config.mtu,
      {0, 65535},
      {"auto", config.mtu_auto},
      "MTU in bytes; 0: the kernel's default; auto: that of the default route");
  keys.number("ofport_request", config.ofport_request, {0, 65279}, "OpenFlow port; 0: any");
  keys.text("interface_type", config.interface_type, "type of the Interface");
  keys.flag("portIsolation", config.port_isolation, "let the port reach only unisolated ports");
  keys.flag("macspoofchk", config.mac_spoof_check, "drop frames under a foreign MAC address");
  keys.flag("ipspoofchk", config.ip_spoof_check, "drop frames under a foreign IP address");
  keys.map("externalIds", config.external_ids, "external_ids of the Port and the Interface");
  keys.map("otherConfig", config.other_config, "other_config of the Port");
  keys.number(
      "ingressPolicingRate",
      ring.policing_rate,
      kKilobits,
      "kilobits a second from the container; 0: no limit");
  keys.number("ingressPolicingBurst", ring.policing_burst, kKilobits, "kilobits at once");
  keys.text("deviceID", ring.device_id, "refused: SR-IOV is not supported");
}

void declare_database(cni::Keys& keys, Keyring& ring) {
  ovsdb::Endpoint& endpoint = ring.config.endpoint;
  keys.parsed(
      "socket_file",
      cni::Format::text,
      [&](const std::string& text) {
        if (!text.empty()) {
          (void)ovsdb::parse_remotes(text);
          endpoint.remotes = text;
        }
      },
      "where ovsdb-server listens: unix:PATH, a path, tcp:IP[:PORT] or ssl:IP[:PORT], several by "
      "commas; unix:/var/run/openvswitch/db.sock when absent");
  keys.text("privateKey", endpoint.private_key, "PEM file for ssl:");
  keys.text("certificate", endpoint.certificate, "PEM file for ssl:");
  keys.text("caCertificate", endpoint.ca_certificate, "PEM file for ssl:");
  keys.number(
      "link_state_check_retries",
      ring.check_retries,
      {0, 1000},
      "times link_state_check_interval that ovs-vswitchd is waited for; 0: not at all");
  keys.number("link_state_check_interval", ring.check_interval_ms, {0, 60000}, "milliseconds");
  keys.text("configuration_path", ring.configuration_path, "file that completes this one");
}

void declare_bandwidth(cni::Keys& keys, Config& config) {
  keys.object(
      "bandwidth",
      [&](cni::Keys& nested) {
        nested.number("ingressRate", config.to_container.rate, kRates, "bits a second to it");
        nested.number("ingressBurst", config.to_container.burst, kRates, "bits at once");
        nested.number("egressRate", config.from_container.rate, kRates, "bits a second from it");
        nested.number("egressBurst", config.from_container.burst, kRates, "bits at once");
      },
      "limits of the container's traffic");
}

/// What the runtime and the author hand over; cni::MacRequest declares the "mac" of both.
void declare_arguments(cni::Keys& keys, Config& config) {
  config.mac.declare(keys);
  keys.object(
      "args",
      [&](cni::Keys& outer) {
        outer.object(
            "cni",
            [&](cni::Keys& inner) {
              inner.text("ovnPort", config.ovn_port, "OVN logical port (iface-id)");
            },
            "arguments for any plugin");
      },
      "arguments from the network's author or the runtime");
  keys.object(
      "runtimeConfig",
      [&](cni::Keys& nested) { declare_bandwidth(nested, config); },
      "set by the runtime for declared capabilities");
}

void declare_all(cni::Keys& keys, Keyring& ring) {
  Config& config = ring.config;
  declare_bridge(keys, ring);
  declare_port(keys, ring);
  declare_database(keys, ring);
  config.gateway.declare(keys);
  config.masquerade.declare(keys);
  ipam::declare(keys, config.ipam);
  keys.object(
      "dns", [&](cni::Keys& nested) { cni::declare_dns(nested, config.dns); }, "DNS to report");
  declare_arguments(keys, config);
}

/// ovs-cni's meaning where vlanMode does not say another: a trunk beats a VLAN.
void settle_vlans(Keyring& ring) {
  ovsdb::Vlans& vlans = ring.config.vlans;
  const bool chosen = !vlans.mode.empty();
  if (!chosen) {
    vlans.mode = ring.vlan && ring.trunk.empty() ? "access" : "trunk";
  }
  if (ring.vlan && (chosen || vlans.mode == "access")) {
    vlans.tag = static_cast<std::uint16_t>(*ring.vlan);
  }
  vlans.trunks.assign(ring.trunk.begin(), ring.trunk.end());
}

void check_vlans(const Keyring& ring) {
  const ovsdb::Vlans& vlans = ring.config.vlans;
  const std::string mode = "vlanMode: " + quote(vlans.mode);
  if (vlans.mode == "trunk" && vlans.tag) {
    refuse(mode + " takes no vlan; 'native-tagged' and 'native-untagged' do");
  }
  if (vlans.mode == "access" && !vlans.trunks.empty()) {
    refuse(mode + " takes no trunk; 'native-untagged' does");
  }
  if (vlans.mode != "trunk" && !vlans.tag) {
    refuse(mode + " needs a vlan");
  }
  if (vlans.mode == "dot1q-tunnel" && !vlans.trunks.empty()) {
    refuse(mode + " takes no trunk");
  }
}

void settle_rates(Keyring& ring) {
  ovsdb::Rate& rate = ring.config.from_container;
  if (rate.rate == 0 && ring.policing_rate != 0) {
    rate = {ring.policing_rate * kKilo, ring.policing_burst * kKilo};
  }
}

void check_ids(const Config& config) {
  for (const auto& reserved : ovsdb::owner_ids({})) {
    if (config.external_ids.count(reserved.first) != 0) {
      refuse("externalIds." + reserved.first + ": must be left to the plugin");
    }
  }
}

void check(const Keyring& ring) {
  const Config& config = ring.config;
  if (!ring.device_id.empty()) {
    throw Error{
        ErrorCode::unsupported_field,
        "deviceID: " + quote(ring.device_id) +
            ": hardware offload by SR-IOV devices is not supported; leave deviceID out for a veth "
            "pair"};
  }
  if (!config.ensure_bridge &&
      !(config.bridge.datapath_type.empty() && config.bridge.fail_mode.empty())) {
    refuse("datapathType, failMode: need ensureBridge");
  }
  if (config.ip_spoof_check && config.ipam.empty()) {
    refuse("ipspoofchk: needs ipam, which gives the addresses to hold the container to");
  }
  check_vlans(ring);
  check_ids(config);
}

}  // namespace

void declare(cni::Keys& keys) {
  Keyring ring;
  declare_all(keys, ring);
}

Config parse(const cni::Network& network) {
  std::string path;
  network.config.read([&](cni::Keys& keys) { keys.text("configuration_path", path, {}); });
  Keyring ring;
  completed(network.config, path).read([&](cni::Keys& keys) { declare_all(keys, ring); });
  ring.config.patience = std::chrono::milliseconds{
      std::uint64_t{ring.check_retries} * std::uint64_t{ring.check_interval_ms}};
  settle_vlans(ring);
  settle_rates(ring);
  check(ring);
  return ring.config;
}

Config parse(const cni::Attachment& attachment) {
  Config config = parse(attachment.network);
  const auto given = attachment.args.find("OvnPort");
  if (given && !given->empty()) {
    config.ovn_port = *given;
  }
  if (config.bridge.name.empty() && !config.ovn_port.empty()) {
    config.bridge.name = "br-int";
  }
  if (config.bridge.name.empty()) {
    refuse("bridge: missing, but required without OvnPort");
  }
  return config;
}

std::optional<MacAddr> requested_mac(const Config& config, const cni::Args& args) {
  cni::MacRequest request = config.mac;
  const auto from_environment = args.find("MAC");
  if (request.runtime.empty() && from_environment && !from_environment->empty()) {
    request.args.clear();
  }
  return request.resolve(args);
}

}  // namespace patchbay::ovs
