// veth (ptp): a point-to-point pair, one end in the container, one on the host, routed.

#include "netlink/veth.h"

#include "attach/carrier.h"
#include "attach/detach.h"
#include "attach/gateway.h"
#include "attach/masquerade.h"
#include "base/error.h"
#include "base/log.h"
#include "base/undo_log.h"
#include "check.h"
#include "cni/plugin.h"
#include "config.h"
#include "host-local/host_local.h"
#include "ipam/apply.h"
#include "ipam/delegate.h"
#include "ipam/verify.h"
#include "netlink/addr.h"
#include "netlink/route.h"
#include "netns/sysctl.h"

namespace patchbay::veth {
namespace {

void require_gateways(const cni::Result& result) {
  for (const auto& ip : result.ips) {
    if (!ip.gateway) {
      throw Error{
          ErrorCode::invalid_config,
          "ipam: address " + ip.address.str() +
              " has no gateway, which a point-to-point link needs"};
    }
  }
}

void configure_container(
    nl::Socket& socket,
    const cni::Attachment& attachment,
    const nl::Link& link,
    const cni::Result& result) {
  const ipam::ApplyOptions options{.prefix_routes = false};
  ipam::prepare_ipv6(*attachment.netns, attachment.ifname, result, options);
  ipam::apply_addresses(socket, link, result, options);
  for (const auto& route : container_routes(result)) {
    nl::add_route(socket, link.index, route, link.name.str());
  }
  ipam::apply_routes(socket, link, result);
}

/// Without a link-local address that is usable at once the host could not ask for the container's
/// MAC address, and would let the first seconds of IPv6 pass. Where there is no IPv6 it gets none:
/// see forget_ipv6().
void prepare_host(nl::Socket& socket, const nl::Link& near, const cni::Result& result) {
  if (ipam::has_v6(result)) {
    sysctl::Directory links{"ipv6/conf"};
    links.try_set(near.name.str() + "/accept_ra", "0");
    links.try_set(near.name.str() + "/accept_dad", "0");
  } else {  // refused by a kernel without IPv6
    (void)nl::try_change_link(socket, near.index, {.link_local = false});
  }
}

/// Each link with IPv6 has routes of its own, and the kernel walks all of them whenever one comes
/// or goes. The one that is left appears when the link carries packets.
void forget_ipv6(nl::Socket& socket, const nl::Link& near, const cni::Result& result) {
  if (!ipam::has_v6(result)) {
    (void)nl::delete_multicast_route(socket, near.index);
  }
}

void configure_host(nl::Socket& socket, const nl::Link& link, const cni::Result& result) {
  const std::string name = link.name.str();
  for (const auto& ip : result.ips) {
    const nl::AddressSpec gateway{.address = IpPrefix::host(*ip.gateway)};
    nl::add_address(socket, link.index, gateway, name);
    nl::add_route(socket, link.index, host_route(ip.address), name);
    attach::ensure_forwarding(socket, ip.address.is_v6());
  }
}

void report(
    const cni::Attachment& attachment,
    const nl::Link& host,
    const nl::Link& container,
    cni::Result& result) {
  result.interfaces = {
      {.name = host.name.str(), .mac = host.mac.str(), .mtu = static_cast<std::uint32_t>(host.mtu)},
      {.name = container.name.str(),
       .mac = container.mac.str(),
       .mtu = static_cast<std::uint32_t>(container.mtu),
       .sandbox = attachment.netns_path}};
  for (auto& ip : result.ips) {
    ip.interface = 1;
  }
}

cni::Result add(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  const auto mac = config.mac.resolve(attachment.args);
  nl::Socket host;
  nl::Socket container = nl::Socket::in(*attachment.netns);
  if (nl::find_link(container, attachment.ifname)) {
    throw nl::interface_exists(attachment.ifname);
  }

  log::phase("ipam start");
  ipam::Acquisition lease{attachment.network, config.ipam};
  UndoLog undo;
  undo.on_failure("release the address", [&] { lease.give_back(); });

  log::phase("links");
  const auto near = nl::add_veth(
      host,
      {.ifname = attachment.ifname,
       .owner = attachment.owner(),
       .container = *attachment.netns,
       .mtu = Mtu{config.mtu},
       .mac = mac});
  undo.on_failure(
      "delete the veth pair", [&host, index = near.index] { nl::delete_link(host, index); });

  log::phase("ipam");
  cni::Result result = lease.finish();
  require_gateways(result);
  prepare_host(host, near, result);

  log::phase("masquerade");  // before the first packet
  undo.on_failure("remove the masquerade", [&] {
    nft::Connection connection;
    config.masquerade.undo(connection, attachment.owner());
  });
  config.masquerade.add(attachment.owner(), result);

  log::phase("addresses");
  const auto far = nl::get_link(container, attachment.ifname);
  configure_container(container, attachment, far, result);
  configure_host(host, near, result);

  log::phase("addresses complete");
  ipam::await_addresses(container, &*attachment.netns, ipam::addresses_of(result));
  ipam::await_addresses(host, nullptr, ipam::gateway_addresses_of(result));
  attach::await_carrier({host, near, container, *attachment.netns, far});
  forget_ipv6(host, near, result);
  report(attachment, near, far, result);
  result.dns = config.dns.empty() ? result.dns : config.dns;
  undo.commit();
  return result;
}

/// A link that goes with an IPv4 route through it makes the kernel go through all routes of the
/// host. A route that stays goes with the link.
void delete_host_routes(nl::Socket& host, const nl::Link& near, const cni::Attachment& attachment) {
  for (const auto& address : ipam::container_addresses(attachment)) {
    if (!address.is_v6()) {
      (void)nl::try_delete_route(host, near.index, host_route(address));
    }
  }
}

void del(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  attach::detach(
      attachment,
      config.ipam,
      {.any = config.masquerade.enabled,
       .remove =
           [&](nft::Connection& connection) { config.masquerade.remove(connection, attachment); }},
      [&](nl::Socket& host, const nl::Link& near) { delete_host_routes(host, near, attachment); });
}

void gc(const cni::Network& network, const cni::ValidAttachments& valid) {
  const Config config = parse(network);
  attach::collect(
      network,
      valid,
      config.ipam,
      {.any = config.masquerade.enabled,
       .remove = [&](nft::Connection& connection, const attach::IsStale& stale) {
         config.masquerade.remove_if(connection, stale);
       }});
}

}  // namespace
}  // namespace patchbay::veth

int main(int argc, char** argv) {
  using namespace patchbay;
  return cni::run(
      {.name = "veth",
       .about = "connects a container to the host by a routed point-to-point veth pair",
       .linked = &hostlocal::linked(),
       .capabilities = {Capability::net_admin, Capability::sys_admin},
       .declare =
           [](cni::Keys& keys) {
             veth::Config config;
             veth::declare(keys, config);
           },
       .add = veth::add,
       .del = veth::del,
       .check = veth::check,
       .gc = veth::gc,
       .status = veth::status},
      argc,
      argv);
}
