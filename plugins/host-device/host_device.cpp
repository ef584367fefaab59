// host-device: a network device of the host is moved into a container, and back.

#include "base/best_effort.h"
#include "base/error.h"
#include "base/log.h"
#include "base/undo_log.h"
#include "device/hardware.h"
#include "device/loan.h"
#include "device/place.h"
#include "device/take_back.h"
#include "host-local/host_local.h"
#include "ipam/apply.h"
#include "ipam/delegate.h"
#include "ipam/verify.h"
#include "netlink/veth.h"

namespace patchbay::hostdevice {
namespace {

struct Config {
  device::Selection selection;
  std::uint32_t mtu = 0;
  std::string addresses = "refuse";
  std::string ipam;  ///< Empty: layer 2 only.
  cni::Dns dns;
  cni::MacRequest mac;
};

void declare(cni::Keys& keys, Config& config) {
  config.selection.declare(keys);
  keys.number("mtu", config.mtu, {0, 65535}, "MTU in the container in bytes; 0: as it is");
  keys.choice("addresses", config.addresses, {"refuse", "restore"}, "its addresses on the host");
  ipam::declare(keys, config.ipam);
  keys.object(
      "dns", [&](cni::Keys& nested) { cni::declare_dns(nested, config.dns); }, "DNS to report");
  config.mac.declare(keys);
}

Config parse(const cni::Network& network) {
  Config config;
  network.config.read([&](cni::Keys& keys) { declare(keys, config); });
  return config;
}

void refuse_addresses(const device::Record& record, const Config& config) {
  if (config.addresses == "refuse" && !record.baggage.addresses.empty()) {
    throw Error{
        ErrorCode::invalid_config,
        "addresses: " + quote(record.was.name.str()) + " has address " +
            record.baggage.addresses.front().address.str() +
            R"( on the host, which would lose it; "restore" puts it back at DEL)"};
  }
}

/// What ADD works with.
struct Site {
  const cni::Attachment& attachment;
  const Config config = parse(attachment.network);
  const std::optional<MacAddr> mac = config.mac.resolve(attachment.args);
  nl::Socket container = nl::Socket::in(*attachment.netns);
  std::optional<device::Loan> loan{};
  std::optional<ipam::Acquisition> lease{};
};

void start_ipam(Site& site, UndoLog& undo) {
  site.lease.emplace(site.attachment.network, site.config.ipam);
  undo.on_failure("release the address", [&site] { site.lease->give_back(); });
}

/// The device is judged before anything is done.
nl::Link move_in(Site& site, const std::vector<device::Selector>& selectors, UndoLog& undo) {
  log::phase("device");
  site.loan.emplace(site.attachment, selectors);
  refuse_addresses(site.loan->record(), site.config);
  start_ipam(site, undo);
  undo.on_failure("give the device back", [&site] { site.loan->undo(); });
  const auto mtu = site.config.mtu == 0 ? std::nullopt : std::optional{Mtu{site.config.mtu}};
  return site.loan->carry_out(mtu, site.mac);
}

cni::Result finish_ipam(Site& site, const std::optional<nl::Link>& link) {
  log::phase("ipam");
  cni::Result result = site.lease->finish();
  if (link) {
    log::phase("addresses");
    const auto& ns = *site.attachment.netns;
    ipam::configure(site.container, ns, *link, result, {.arp_notify = true});
    ipam::await_addresses(site.container, &ns, ipam::addresses_of(result));
  }
  for (auto& ip : result.ips) {
    ip.interface = 0;
  }
  result.dns = site.config.dns.empty() ? result.dns : site.config.dns;
  return result;
}

cni::Interface interface_of(
    const Site& site, const std::optional<nl::Link>& link, const std::string& hardware) {
  return {
      .name = site.attachment.ifname.str(),
      .mac = link ? link->mac.str() : "",
      .mtu = link ? static_cast<std::uint32_t>(link->mtu) : 0,
      .sandbox = site.attachment.netns_path,
      .pci_id = device::pci_address_in(hardware)};
}

cni::Result add(const cni::Attachment& attachment) {
  Site site{attachment};
  if (nl::find_link(site.container, attachment.ifname)) {
    throw nl::interface_exists(attachment.ifname);
  }
  const auto selectors = device::require_any(site.config.selection.selectors());
  std::string hardware = device::find_passed_through(selectors);
  std::optional<nl::Link> link;
  UndoLog undo;
  if (hardware.empty()) {
    link = move_in(site, selectors, undo);
    hardware = site.loan->record().hardware;
  } else {
    start_ipam(site, undo);
  }
  cni::Result result = finish_ipam(site, link);
  result.interfaces = {interface_of(site, link, hardware)};
  undo.commit();
  return result;
}

void del(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  BestEffort teardown;
  ipam::release_after(teardown, attachment.network, config.ipam, [&] {
    log::phase("device");
    teardown.attempt("give the device back", [&] { device::take_back(attachment); });
  });
  teardown.finish();
}

void check(const cni::Attachment& attachment) {
  const Config config = parse(attachment.network);
  ipam::run(attachment.network, config.ipam, "CHECK");
  (void)ipam::container_interface(attachment);
  const auto record = device::Store::open().find(attachment.owner().label());
  if (!record) {
    const auto hardware = device::find_passed_through(config.selection.selectors());
    ipam::require(!hardware.empty(), "there is no record of a device of this container");
    return;
  }
  nl::Socket container = nl::Socket::in(*attachment.netns);
  const auto link = ipam::require_container_link(container, attachment);
  const auto place = device::find_away(*record, attachment.netns);
  ipam::require(
      place && place->link.index == link.index,
      "interface " + quote(link.name.str()) + " is not device " + quote(record->was.name.str()) +
          " of the host");
  ipam::require_addresses(container, link, attachment);
  ipam::require_result_routes(container, link, attachment);
}

void gc(const cni::Network& network, const cni::ValidAttachments& valid) {
  const Config config = parse(network);
  BestEffort teardown;
  teardown.attempt("give stale devices back", [&] { device::collect(network, valid); });
  teardown.attempt("release stale addresses", [&] { ipam::run(network, config.ipam, "GC"); });
  teardown.finish();
}

void status(const cni::Network& network) {
  const Config config = parse(network);
  for (const auto& selector : config.selection.selectors()) {
    device::require_there(selector);
  }
  ipam::run(network, config.ipam, "STATUS");
}

}  // namespace
}  // namespace patchbay::hostdevice

int main(int argc, char** argv) {
  using namespace patchbay;
  return cni::run(
      {.name = "host-device",
       .about = "moves a network device of the host into a container",
       .linked = &hostlocal::linked(),
       .capabilities = {Capability::net_admin, Capability::sys_admin},
       .declare =
           [](cni::Keys& keys) {
             hostdevice::Config config;
             hostdevice::declare(keys, config);
           },
       .add = hostdevice::add,
       .del = hostdevice::del,
       .check = hostdevice::check,
       .gc = hostdevice::gc,
       .status = hostdevice::status},
      argc,
      argv);
}
