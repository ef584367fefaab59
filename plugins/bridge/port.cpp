#include "port.h"

#include <algorithm>

#include "attach/carrier.h"
#include "base/error.h"
#include "netlink/bridge.h"
#include "netlink/route.h"
#include "nft/spoofcheck.h"

namespace patchbay::bridge {

void configure_port(const Site& site, const nl::Link& bridge, const nl::Link& port) {
  if (site.config.hairpin || site.config.port_isolation) {
    nl::set_port(
        site.host, port, {.hairpin = site.config.hairpin, .isolated = site.config.port_isolation});
  }
  if (!site.config.uses_vlans()) {
    return;
  }
  if (!site.config.preserve_default_vlan && bridge.default_pvid != 0) {
    nl::delete_vlans(site.host, port, {{bridge.default_pvid, bridge.default_pvid}});
  }
  nl::add_vlans(site.host, port, port_vlans(site.config));
}

void guard_port(const Site& site, const nl::Link& port, const nl::Link& far, UndoLog& undo) {
  if (!site.config.mac_spoof_check) {
    return;
  }
  undo.on_failure("remove the spoof check", [&site] {
    nft::Connection connection;
    nft::remove_spoofcheck(connection, site.attachment.owner());
  });
  nft::Connection connection;
  nft::add_spoofcheck(connection, site.attachment.owner(), port.name, far.mac);
}

void unguard_port(nft::Connection& connection, const cni::Attachment& attachment) {
  const auto interfaces =
      attachment.previous ? attachment.previous->interfaces : std::vector<cni::Interface>{};
  std::optional<MacAddr> mac;
  for (const auto& interface : interfaces) {
    if (!interface.sandbox.empty() && interface.name == attachment.ifname.str()) {
      mac = MacAddr::find(interface.mac);
    }
  }
  const Owner owner = attachment.owner();
  const bool removed =
      std::any_of(interfaces.begin(), interfaces.end(), [&](const cni::Interface& interface) {
        return mac && interface.sandbox.empty() && !ifname_fault(interface.name) &&
               nft::remove_spoofcheck(connection, owner, IfName::parse(interface.name), *mac);
      });
  if (!removed) {
    nft::remove_spoofcheck(connection, owner);
  }
}

void await_port(const Site& site, const nl::Link& port, const nl::Link& far) {
  if (site.config.disable_container_interface) {
    return;
  }
  attach::await_carrier({site.host, port, site.container, *site.attachment.netns, far});
  // All that it has of IPv6. The kernel walks these routes whenever a link comes or goes, and for
  // every multicast packet.
  (void)nl::delete_multicast_route(site.host, port.index);
}

nl::Link keep_mac(const Site& site, const nl::Link& before) {
  auto bridge = nl::get_link(site.host, before.name);
  if (bridge.mac != before.mac) {
    const std::string what = "set the MAC address of bridge " + quote(before.name.str());
    nl::change_link(site.host, bridge.index, {.mac = before.mac}, what);
    bridge.mac = before.mac;
  }
  return bridge;
}

}  // namespace patchbay::bridge
