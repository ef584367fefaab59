// bridge: a veth pair between a container and a Linux bridge of the host.

#include "netlink/bridge.h"

#include "attach/detach.h"
#include "base/error.h"
#include "base/log.h"
#include "check.h"
#include "config.h"
#include "host-local/host_local.h"
#include "ipam/apply.h"
#include "ipam/delegate.h"
#include "netlink/veth.h"
#include "netns/sysctl.h"
#include "network.h"
#include "nft/spoofcheck.h"
#include "port.h"

namespace patchbay::bridge {
namespace {

void configure_container(const Site& site, const nl::Link& far, const cni::Result& result) {
  const ipam::ApplyOptions options{
      .detect_duplicates = site.config.detect_duplicates, .arp_notify = true};
  if (site.config.disable_container_interface) {
    return;
  }
  ipam::configure(site.container, *site.attachment.netns, far, result, options);
}

void masquerade(const Site& site, const cni::Result& result, UndoLog& undo) {
  log::phase("masquerade");
  undo.on_failure("remove the masquerade", [&site] {
    nft::Connection connection;
    site.config.masquerade.undo(connection, site.attachment.owner());
  });
  site.config.masquerade.add(site.attachment.owner(), result);
}

/// Without duplicate detection the kernel completes addresses before the port is up. It is awaited
/// then: what the container sends as soon as it can, e.g. router solicitations, goes to every port
/// of the bridge while the kernel keeps the lock that each of our requests needs.
void await_addresses(const Site& site, const cni::Result& result) {
  if (!site.config.detect_duplicates) {
    ipam::await_addresses(site.container, &*site.attachment.netns, ipam::addresses_of(result));
  }
  if (site.config.gateway.enabled()) {
    ipam::await_addresses(site.host, nullptr, ipam::gateway_addresses_of(result));
  }
}

/// Duplicates are looked for as soon as the port is up.
void await_duplicate_detection(const Site& site, const nl::Link& far, const cni::Result& result) {
  if (site.config.detect_duplicates && !site.config.disable_container_interface) {
    ipam::await_duplicate_detection(site.container, *site.attachment.netns, far);
    ipam::await_addresses(site.container, &*site.attachment.netns, ipam::addresses_of(result));
  }
}

cni::Interface interface_of(const nl::Link& link, const std::string& sandbox) {
  return {
      .name = link.name.str(),
      .mac = link.mac.str(),
      .mtu = static_cast<std::uint32_t>(link.mtu),
      .sandbox = sandbox};
}

void report(const Site& site, const std::vector<cni::Interface>& interfaces, cni::Result& result) {
  result.interfaces = interfaces;
  for (auto& ip : result.ips) {
    ip.interface = 2;
  }
  result.dns = site.config.dns.empty() ? result.dns : site.config.dns;
}

/// Everything after the IPAM plugin has been started; `lease` is empty on layer 2.
cni::Result attach(const Site& site, std::optional<ipam::Acquisition>& lease, UndoLog& undo) {
  const Config& config = site.config;
  log::phase("bridge");
  const Mtu mtu = find_mtu(site.host, config);
  auto bridge = ensure_bridge(site.host, config, mtu);
  ensure_uplink(site.host, bridge, config, undo);

  log::phase("links");
  const auto mac = config.mac.resolve(site.attachment.args);
  const auto port = nl::add_veth(
      site.host,
      {.ifname = site.attachment.ifname,
       .owner = site.attachment.owner(),
       .container = *site.attachment.netns,
       .mtu = mtu,
       .mac = mac,
       .master = bridge.index,
       .group = config.link_group()});
  undo.on_failure(
      "delete the veth pair", [&site, index = port.index] { nl::delete_link(site.host, index); });
  configure_port(site, bridge, port);
  const auto far = nl::get_link(site.container, site.attachment.ifname);
  guard_port(site, port, far, undo);

  log::phase("ipam");
  cni::Result result = lease ? lease->finish() : cni::Result{};
  config.gateway.complete(result);

  log::phase("addresses");
  configure_container(site, far, result);
  std::vector<cni::Interface> interfaces;
  if (config.gateway.enabled()) {
    const auto gateway = ensure_gateway_link(site.host, bridge, config);
    config.gateway.ensure({.host = site.host, .link = gateway, .result = result}, undo);
    if (gateway.index != bridge.index) {
      interfaces.push_back(interface_of(gateway, {}));
    }
  }

  masquerade(site, result, undo);
  await_addresses(site, result);
  bridge = keep_mac(site, bridge);

  log::phase("port up");
  nl::change_link(site.host, port.index, {.up = true}, "set " + quote(port.name.str()) + " up");
  await_port(site, port, far);
  await_duplicate_detection(site, far, result);
  interfaces.insert(
      interfaces.begin(),
      {interface_of(bridge, {}),
       interface_of(port, {}),
       interface_of(far, site.attachment.netns_path)});
  report(site, interfaces, result);
  return result;
}

cni::Result add(const cni::Attachment& attachment) {
  attachment.args.require_known();
  const Config config = parse(attachment.network);
  (void)config.mac.resolve(attachment.args);  // refused before anything is done
  nl::Socket host;
  nl::Socket container = nl::Socket::in(*attachment.netns);
  if (nl::find_link(container, attachment.ifname)) {
    throw nl::interface_exists(attachment.ifname);
  }
  const Site site{attachment, config, host, container};
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

bool has_rules(const Config& config) {
  return config.masquerade.enabled || config.mac_spoof_check;
}

void del(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  const auto remove = [&](nft::Connection& connection) {
    config.masquerade.remove(connection, attachment);
    if (config.mac_spoof_check) {
      unguard_port(connection, attachment);
    }
  };
  attach::detach(attachment, config.ipam, {.any = has_rules(config), .remove = remove});
}

void gc(const cni::Network& network, const cni::ValidAttachments& valid) {
  const Config config = parse(network);
  const auto remove = [&](nft::Connection& connection, const attach::IsStale& stale) {
    config.masquerade.remove_if(connection, stale);
    if (config.mac_spoof_check) {
      nft::remove_spoofcheck_if(connection, stale);
    }
  };
  attach::collect(network, valid, config.ipam, {.any = has_rules(config), .remove = remove});
}

}  // namespace
}  // namespace patchbay::bridge

int main(int argc, char** argv) {
  using namespace patchbay;
  return cni::run(
      {.name = "bridge",
       .about = "connects a container to a Linux bridge of the host",
       .linked = &hostlocal::linked(),
       .capabilities = {Capability::net_admin, Capability::sys_admin},
       .declare =
           [](cni::Keys& keys) {
             bridge::Config config;
             bridge::declare(keys, config);
           },
       .add = bridge::add,
       .del = bridge::del,
       .check = bridge::check,
       .gc = bridge::gc,
       .status = bridge::status},
      argc,
      argv);
}
