// The uplink: a NIC of the host becomes a port of the bridge.

#include <algorithm>

#include "base/error.h"
#include "netlink/baggage.h"
#include "netlink/bridge.h"
#include "network.h"

namespace patchbay::bridge {

namespace {

void move_baggage(
    nl::Socket& host, const nl::Baggage& baggage, const nl::Link& from, const nl::Link& to) {
  for (const auto& address : baggage.addresses) {
    nl::delete_address(host, from.index, address.address, from.name.str());
    nl::add_address(host, to.index, address, to.name.str());
  }
  for (const auto& route : baggage.routes) {
    nl::delete_route(host, from.index, route, from.name.str());
    nl::add_route(host, to.index, route, to.name.str());
  }
}

void set_master(nl::Socket& host, const nl::Link& port, IfIndex bridge) {
  nl::change_link(
      host, port.index, {.up = true, .master = bridge}, "set master of " + quote(port.name.str()));
}

void set_up(nl::Socket& host, const nl::Link& uplink) {
  if (!uplink.up) {
    const std::string name = quote(uplink.name.str());
    nl::change_link(host, uplink.index, {.up = true}, "set " + name + " up");
  }
}

void ensure_vlans(
    nl::Socket& host, const nl::Link& uplink, const nl::Link& bridge, const Config& config) {
  const auto vlans = uplink_vlans(config, bridge);
  if (!vlans.empty()) {
    nl::add_vlans(host, uplink, vlans);
  }
}

nl::Link find_uplink(nl::Socket& host, const IfName& name) {
  if (auto link = nl::find_link(host, name)) {
    return *link;
  }
  throw Error{ErrorCode::invalid_config, "uplink: no link " + quote(name.str()) + " on the host"};
}

[[noreturn]] void refuse_addresses(const nl::Link& uplink, const nl::Baggage& baggage) {
  throw Error{
      ErrorCode::invalid_config,
      "uplink: " + quote(uplink.name.str()) + " carries address " +
          baggage.addresses.front().address.str() +
          ", which would stop working on a bridge port; \"uplinkAddresses\": \"move\" moves it"};
}

}  // namespace

std::vector<nl::VlanRange> uplink_vlans(const Config& config, const nl::Link& bridge) {
  if (!config.uses_vlans()) {
    return {};
  }
  auto vlans = port_vlans(config);
  std::erase_if(vlans, [&](const nl::VlanRange& range) {
    return range.native && range.first == bridge.default_pvid;
  });
  for (auto& range : vlans) {
    range.native = false;
  }
  return vlans;
}

void ensure_uplink(nl::Socket& host, const nl::Link& bridge, const Config& config, UndoLog& undo) {
  if (!config.uplink) {
    return;
  }
  const auto uplink = find_uplink(host, *config.uplink);
  if (uplink.master == bridge.index) {
    set_up(host, uplink);
    ensure_vlans(host, uplink, bridge, config);
    return;
  }
  if (uplink.master) {
    throw Error{
        ErrorCode::invalid_config,
        "uplink: " + quote(uplink.name.str()) + " is a port of another bridge or bond already"};
  }
  const nl::Baggage baggage = nl::list_baggage(host, uplink);
  if (!baggage.addresses.empty() && config.uplink_addresses != "move") {
    refuse_addresses(uplink, baggage);
  }
  const IfIndex no_master{0};
  undo.on_failure("free the uplink again", [&host, uplink, no_master, up = uplink.up] {
    nl::change_link(
        host,
        uplink.index,
        {.up = up, .master = no_master},
        "free " + quote(uplink.name.str()) + " from the bridge");
  });
  set_master(host, uplink, bridge.index);
  ensure_vlans(host, uplink, bridge, config);
  undo.on_failure("move the uplink's addresses back", [&host, baggage, uplink, bridge] {
    move_baggage(host, baggage, bridge, uplink);
  });
  move_baggage(host, baggage, uplink, bridge);
}

}  // namespace patchbay::bridge
