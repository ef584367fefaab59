// CHECK and STATUS of the ovs plugin.

#include "check.h"

#include <algorithm>

#include "attach/detach.h"
#include "base/error.h"
#include "config.h"
#include "ipam/delegate.h"
#include "ipam/verify.h"
#include "ovsdb/bridge.h"
#include "site.h"

namespace patchbay::ovs {

namespace {

using ipam::require;

std::string text_of(const ovsdb::Vlans& vlans) {
  std::string text = "vlan_mode " + quote(vlans.mode);
  if (vlans.tag) {
    text += ", tag " + std::to_string(*vlans.tag);
  }
  text += ", trunks [";
  for (const auto id : vlans.trunks) {
    text += (text.back() == '[' ? "" : ",") + std::to_string(id);
  }
  return text + "]";
}

bool includes(
    const std::map<std::string, std::string>& all, const std::map<std::string, std::string>& part) {
  return std::all_of(part.begin(), part.end(), [&](const auto& pair) {
    const auto found = all.find(pair.first);
    return found != all.end() && found->second == pair.second;
  });
}

void check_ids(const ovsdb::PortState& port, const Config& config, const std::string& name) {
  require(
      includes(port.port_ids, config.external_ids) &&
          includes(port.interface_ids, config.external_ids),
      name + " has lost its externalIds");
  const auto id = port.interface_ids.find("iface-id");
  require(
      config.ovn_port.empty() || (id != port.interface_ids.end() && id->second == config.ovn_port),
      name + " is not bound to OvnPort " + quote(config.ovn_port));
}

void check_switch(const ovsdb::PortState& port, const std::string& name) {
  require(port.error.empty(), name + " has error " + quote(port.error));
  require(port.ofport.value_or(-1) > 0, name + " has not been taken up by ovs-vswitchd");
  require(port.link_state == "up", name + " has link_state " + quote(port.link_state));
}

void check_row(const ovsdb::PortState& port, const Config& config, const IfName& device) {
  const std::string name = "port " + quote(device.str());
  require(port.name == device.str(), name + " is called " + quote(port.name) + " in the database");
  require(port.on_bridge, name + " is not on bridge " + quote(config.bridge.name));
  require(
      port.vlans == config.vlans,
      name + " has " + text_of(port.vlans) + ", not " + text_of(config.vlans));
  require(port.isolated == config.port_isolation, name + " has the wrong isolation");
  require(
      ovsdb::kilobits(port.policed_rate) == ovsdb::kilobits(config.from_container.rate) &&
          port.shaped_rate == config.to_container.rate,
      name + " is limited to " + std::to_string(port.policed_rate) + " bit/s from and " +
          std::to_string(port.shaped_rate) +
          " bit/s to the container, which is not what was asked for");
  check_ids(port, config, name);
  check_switch(port, name);
}

nl::Link check_container(const cni::Attachment& attachment, const nl::Link& near) {
  nl::Socket container = nl::Socket::in(*attachment.netns);
  auto far = ipam::require_container_veth(container, attachment);
  require(
      far.peer == near.index && near.peer == far.index,
      "interface " + quote(far.name.str()) + " is not the other end of port " +
          quote(near.name.str()));
  ipam::require_addresses(container, far, attachment);
  ipam::require_result_routes(container, far, attachment);
  return far;
}

void check_guard(const cni::Attachment& attachment, const Config& config, const nl::Link& near) {
  const auto mac = MacAddr::parse(ipam::container_interface(attachment).mac);
  const auto addresses = ipam::container_addresses(attachment);
  if (const auto guard = guard_of(config, mac, addresses)) {
    xdp::check_guard(near, *guard);
  }
}

[[noreturn]] void unavailable(const std::string& reason) {
  throw Error{ErrorCode::plugin_not_available, reason};
}

void check_switch_answers(const Config& config) {
  ovsdb::Client client{config.endpoint};
  const std::string& bridge = config.bridge.name;
  if (!config.ensure_bridge && !bridge.empty() && !ovsdb::has_bridge(client, bridge)) {
    unavailable(
        "bridge: no Open vSwitch bridge " + quote(bridge) + " at " + quote(client.remote()));
  }
  if (config.patience.count() != 0) {
    ovsdb::require_switch(client, config.patience);
  }
}

}  // namespace

void check(const cni::Attachment& attachment) {
  const Config config = parse(attachment);
  ipam::run(attachment.network, config.ipam, "CHECK");
  nl::Socket host;
  const auto near = attach::find_host_end(host, attachment);
  require(near.has_value(), "the host's end of the veth pair is missing");
  require(near->up, "port " + quote(near->name.str()) + " is not up");
  ipam::require_host_link(*near, attachment);
  check_container(attachment, *near);

  ovsdb::Client client{config.endpoint};
  auto port = ovsdb::find_port(client, attachment.owner(), config.bridge.name);
  require(port.has_value(), "the database has no port of the container");
  ovsdb::await_link(client, *port, config.patience);
  check_row(*port, config, near->name);
  check_guard(attachment, config, *near);
  config.gateway.check(host, gateway_link_name(config), attachment);
  config.masquerade.check(attachment);
}

void status(const cni::Network& network) {
  const Config config = parse(network);
  try {
    check_switch_answers(config);
  } catch (const Error& e) {
    unavailable(e.what());
  }
  if (config.masquerade.enabled) {
    attach::require_nftables();
  }
  ipam::run(network, config.ipam, "STATUS");
}

}  // namespace patchbay::ovs
