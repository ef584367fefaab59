// host-local: leases addresses out of configured ranges and keeps the leases on this host.

#include "host_local.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "base/best_effort.h"
#include "base/error.h"
#include "base/log.h"
#include "base/undo_log.h"
#include "boot.h"
#include "cni/plugin.h"
#include "config.h"
#include "resolv_conf.h"
#include "store.h"
#include "usable.h"

namespace patchbay::hostlocal {

namespace {

Holder holder_of(const cni::Attachment& attachment) {
  return {attachment.container_id, attachment.ifname.str()};
}

Store open_store(Directory directory, const Place& place) {
  log::phase("leases");
  return {std::move(directory), place.lock_timeout_s, running_boot()};
}

/// The spec allows no second ADD, and whoever makes one by mistake must not lose the first lease:
/// the caller tells this error from others, and frees nothing.
void refuse_duplicate(Store& store, const Config& config, const Holder& holder) {
  for (const Holder& one : {holder, holder.without_ifname()}) {
    for (const IpAddr& address : store.find(one)) {
      if (contains(config.sets, address)) {
        throw Error{
            ErrorCode::already_allocated,
            address.str() + " has been allocated to " + one.str() +
                ", duplicate allocation is not allowed"};
      }
    }
  }
}

IpAddr reserve(Store& store, const RangeSet& set, const IpAddr& address, const Holder& holder) {
  if (!store.reserve(address, holder)) {
    const Lease lease = store.read(address);
    throw Error{
        ErrorCode::exhausted,
        "requested IP address " + address.str() + " is not available in range set " + set.str() +
            (lease.state == Lease::State::held ? ": leased to " + lease.holder.str() : "")};
  }
  return address;
}

[[noreturn]] void throw_exhausted(const RangeSet& set, ErrorCode code) {
  throw Error{code, "no IP addresses available in range set: " + set.str()};
}

IpAddr allocate(Store& store, const Config& config, std::size_t number, const Holder& holder) {
  const RangeSet& set = config.sets[number];
  const auto address = store.allocate(set.walk(store.last_reserved(number)), holder);
  if (!address) {
    throw_exhausted(set, ErrorCode::exhausted);
  }
  return *address;
}

cni::Result add(const cni::Attachment& attachment) {
  attachment.args.require_known();
  const Config config = parse_config(attachment.network);
  const auto requests = assign_requests(config, attachment.args);
  cni::Result result{.interfaces = {}, .ips = {}, .routes = config.routes, .dns = {}};
  if (!config.resolv_conf.empty()) {
    result.dns = read_resolv_conf(config.resolv_conf);
  }
  const Holder holder = holder_of(attachment);
  Store store =
      open_store(Directory::ensure(config.place.directory(attachment.network.name)), config.place);
  refuse_duplicate(store, config, holder);
  UndoLog undo;
  for (std::size_t i = 0; i < config.sets.size(); ++i) {
    const RangeSet& set = config.sets[i];
    const IpAddr address = requests[i] ? reserve(store, set, *requests[i], holder)
                                       : allocate(store, config, i, holder);
    undo.on_failure(
        "free " + address.str(), [&store, address, holder] { store.release(address, holder); });
    store.set_last_reserved(i, address);
    const Range& range = *set.find(address);
    result.ips.push_back({{}, IpPrefix{address, range.subnet.length()}, range.gateway});
  }
  undo.commit();
  return result;
}

void del(const cni::Attachment& attachment) {
  const Place place = parse_place(attachment.network);
  auto directory = Directory::find(place.directory(attachment.network.name));
  if (!directory) {
    return;
  }
  Store store = open_store(std::move(*directory), place);
  const Store::Held held = store.find_all(holder_of(attachment));
  BestEffort steps;
  for (const IpAddr& address : held.addresses) {
    steps.attempt("free " + address.str(), [&] { store.release(address, held.holder); });
  }
  steps.attempt("find all leases", [&] { store.require_readable(); });
  steps.finish();
}

/// Throws when `address` is leased neither to `holder` nor, of old, to its container.
void check_lease(const Store& store, const IpAddr& address, const Holder& holder) {
  const Lease lease = store.read(address);
  const bool held = lease.state == Lease::State::held;
  if (!held || (lease.holder != holder && lease.holder != holder.without_ifname())) {
    throw Error{
        ErrorCode::check_failed,
        address.str() + " is not leased to " + holder.str() +
            (held ? " but to " + lease.holder.str() : "")};
  }
}

[[noreturn]] void throw_nothing_leased(const Holder& holder, const std::string& path) {
  throw Error{
      ErrorCode::check_failed, "no address is leased to " + holder.str() + " in " + quote(path)};
}

/// Other plugins may have added addresses to the result: only those of our ranges are looked at.
void check(const cni::Attachment& attachment) {
  const Config config = parse_config(attachment.network);
  const std::string path = config.place.directory(attachment.network.name);
  const Holder holder = holder_of(attachment);
  auto directory = Directory::find(path);
  if (!directory) {
    throw_nothing_leased(holder, path);
  }
  Store store = open_store(std::move(*directory), config.place);
  for (const auto& ip : attachment.previous->ips) {
    if (contains(config.sets, ip.address.address())) {
      check_lease(store, ip.address.address(), holder);
    }
  }
  if (store.find_all(holder).addresses.empty()) {
    throw_nothing_leased(holder, path);
  }
}

void gc(const cni::Network& network, const cni::ValidAttachments& valid) {
  const Place place = parse_place(network);
  auto directory = Directory::find(place.directory(network.name));
  if (!directory) {
    return;
  }
  std::unordered_set<std::string> keep;
  for (const Owner& owner : valid.owners) {
    keep.insert(lease_text({owner.container_id, owner.ifname}));
    keep.insert(lease_text({owner.container_id, {}}));
  }
  Store store = open_store(std::move(*directory), place);
  BestEffort steps;
  steps.attempt("free stale leases", [&] {
    store.collect([&](const Holder& holder) { return keep.count(lease_text(holder)) != 0; });
  });
  steps.attempt("find all leases", [&] { store.require_readable(); });
  steps.finish();
}

void status(const cni::Network& network) {
  const Config config = parse_config(network);
  const std::string path = config.place.directory(network.name);
  require_usable(path);
  auto directory = Directory::find(path);
  if (!directory) {
    return;
  }
  Store store = open_store(std::move(*directory), config.place);
  for (const RangeSet& set : config.sets) {
    if (!store.find_free(set.walk({}))) {
      throw_exhausted(set, ErrorCode::plugin_not_available);
    }
  }
}

}  // namespace

const cni::Plugin& plugin() {
  static const cni::Plugin kPlugin{
      .name = "host-local",
      .about = "leases addresses out of ranges, the leases kept on this host",
      .enters_netns = false,
      .capabilities = {Capability::dac_override, Capability::fowner},
      .declare = declare,
      .add = add,
      .del = del,
      .check = check,
      .gc = gc,
      .status = status};
  return kPlugin;
}

}  // namespace patchbay::hostlocal
