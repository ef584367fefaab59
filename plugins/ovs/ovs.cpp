// ovs: a veth pair between a container and an Open vSwitch bridge of the host.

#include "attach/carrier.h"
#include "attach/detach.h"
#include "base/best_effort.h"
#include "base/error.h"
#include "base/log.h"
#include "check.h"
#include "config.h"
#include "host-local/host_local.h"
#include "ipam/delegate.h"
#include "netlink/veth.h"
#include "netns/sysctl.h"
#include "site.h"

namespace patchbay::ovs {
namespace {

cni::Interface interface_of(const nl::Link& link, const std::string& sandbox) {
  return {
      .name = link.name.str(),
      .mac = link.mac.str(),
      .mtu = static_cast<std::uint32_t>(link.mtu),
      .sandbox = sandbox};
}

void report(const Site& site, std::vector<cni::Interface> interfaces, cni::Result& result) {
  result.interfaces = std::move(interfaces);
  for (auto& ip : result.ips) {
    ip.interface = 1;
  }
  result.dns = site.config.dns.empty() ? result.dns : site.config.dns;
}

/// With a name of its own each time: a container that is detached and attached again at once would
/// otherwise get, in the eyes of ovs-vswitchd, the port that it had, and that keeps its dead
/// device.
nl::Link add_pair(const Site& site, UndoLog& undo) {
  auto near = nl::add_veth(
      site.host,
      {.ifname = site.attachment.ifname,
       .owner = site.attachment.owner(),
       .container = *site.attachment.netns,
       .mtu = find_mtu(site.host, site.config),
       .mac = requested_mac(site.config, site.attachment.args),
       .new_name = true});
  undo.on_failure(
      "delete the veth pair", [&site, index = near.index] { nl::delete_link(site.host, index); });
  sysctl::try_set("ipv6/conf/" + near.name.str() + "/accept_ra", "0");
  return near;
}

void masquerade(const Site& site, const cni::Result& result, UndoLog& undo) {
  undo.on_failure("remove the masquerade", [&site] {
    nft::Connection connection;
    site.config.masquerade.undo(connection, site.attachment.owner());
  });
  site.config.masquerade.add(site.attachment.owner(), result);
}

/// True when the guard is told the addresses before the port is on the bridge. The IPAM plugin dhcp
/// needs the port to get them: a guard without addresses lets it ask.
bool knows_addresses_first(const Config& config) {
  return config.ip_spoof_check && config.ipam != "dhcp";
}

cni::Result finish_lease(const Site& site, std::optional<ipam::Acquisition>& lease) {
  log::phase("ipam");
  cni::Result result = lease ? lease->finish() : cni::Result{};
  site.config.gateway.complete(result);
  return result;
}

/// Everything after the IPAM plugin has been started; `lease` is empty on layer 2. The database
/// works while the address is awaited, ovs-vswitchd while the container is configured; it is
/// awaited last.
cni::Result attach(const Site& site, std::optional<ipam::Acquisition>& lease, UndoLog& undo) {
  log::phase("links");
  const auto near = add_pair(site, undo);
  const auto far = nl::get_link(site.container, site.attachment.ifname);
  const bool addresses_first = knows_addresses_first(site.config);
  cni::Result result = addresses_first ? finish_lease(site, lease) : cni::Result{};
  guard_port(site, near, far, result);
  undo_port(site, undo);
  auto port = insert_port(site, near, far);
  if (!addresses_first) {
    result = finish_lease(site, lease);
  }

  log::phase("database");
  if (site.config.ip_spoof_check && !addresses_first) {
    guard_port(site, near, far, result);
  }
  finish_port(site, port);
  std::vector<cni::Interface> interfaces{
      interface_of(near, {}), interface_of(far, site.attachment.netns_path)};
  if (const auto gateway = ensure_gateway(site, result, undo)) {
    interfaces.push_back(interface_of(*gateway, {}));
  }

  log::phase("addresses");
  masquerade(site, result, undo);  // before the first packet
  configure_container(site, far, result);

  log::phase("ovs-vswitchd");
  port.await(site.config.patience);
  attach::await_carrier({site.host, near, site.container, *site.attachment.netns, far});
  await_addresses(site, result);
  report(site, std::move(interfaces), result);
  return result;
}

cni::Result add(const cni::Attachment& attachment) {
  attachment.args.require_known();
  const Config config = parse(attachment);
  (void)requested_mac(config, attachment.args);  // refused before anything is done
  nl::Socket host;
  nl::Socket container = nl::Socket::in(*attachment.netns);
  if (nl::find_link(container, attachment.ifname)) {
    throw nl::interface_exists(attachment.ifname);
  }
  log::phase("connect");
  ovsdb::Client client{config.endpoint};
  bool made_bridge = false;
  const Site site{attachment, config, host, container, client, made_bridge};
  std::optional<ipam::Acquisition> lease;
  UndoLog undo;
  if (!config.ipam.empty()) {
    log::phase("ipam start");
    lease.emplace(attachment.network, config.ipam);
    undo.on_failure("release the address", [&] { lease->give_back(); });
  }
  cni::Result result = attach(site, lease, undo);
  undo.commit();
  return result;
}

/// The port first: its device must not vanish under ovs-vswitchd's hands. A database that is down
/// keeps nothing else from being freed.
void del(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  BestEffort teardown;
  log::phase("database");
  teardown.attempt("remove the port from the bridge", [&] {
    ovsdb::Client client{config.endpoint};
    ovsdb::remove_port(client, attachment.owner());
  });
  teardown.attempt("free the rest", [&] {
    attach::detach(
        attachment,
        config.ipam,
        {.any = config.masquerade.enabled, .remove = [&](nft::Connection& connection) {
           config.masquerade.remove(connection, attachment);
         }});
  });
  teardown.finish();
}

void gc(const cni::Network& network, const cni::ValidAttachments& valid) {
  const Config config = parse(network);
  BestEffort teardown;
  teardown.attempt("remove stale ports", [&] {
    ovsdb::Client client{config.endpoint};
    ovsdb::remove_ports_if(
        client, network.name, [&](const Owner& owner) { return !valid.contains(owner); });
  });
  teardown.attempt("free the rest", [&] {
    attach::collect(
        network,
        valid,
        config.ipam,
        {.any = config.masquerade.enabled,
         .remove = [&](nft::Connection& connection, const attach::IsStale& stale) {
           config.masquerade.remove_if(connection, stale);
         }});
  });
  teardown.finish();
}

}  // namespace
}  // namespace patchbay::ovs

int main(int argc, char** argv) {
  using namespace patchbay;
  return cni::run(
      {.name = "ovs",
       .about = "connects a container to an Open vSwitch bridge of the host",
       .linked = &hostlocal::linked(),
       .capabilities = {Capability::dac_override, Capability::net_admin, Capability::sys_admin},
       .declare = ovs::declare,
       .add = ovs::add,
       .del = ovs::del,
       .check = ovs::check,
       .gc = ovs::gc,
       .status = ovs::status},
      argc,
      argv);
}
