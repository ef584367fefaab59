#include "store.h"

#include <utility>

#include "base/best_effort.h"
#include "base/log.h"
#include "base/owner.h"

namespace patchbay::hostlocal {

namespace {

constexpr double kClockMarginSeconds = 2;

Directory locked(Directory directory, std::uint32_t timeout_s) {
  directory.lock(timeout_s);
  return directory;
}

}  // namespace

Store::Store(Directory directory, std::uint32_t lock_timeout_s, const Boot& boot)
    : directory_{locked(std::move(directory), lock_timeout_s)},
      index_{directory_.open_index()},
      boot_hash_{stable_hash(boot.id)} {
  const auto& origin = index_.origin();
  if (origin && origin->boot == boot_hash_ && origin->directory == directory_.identity()) {
    return;
  }
  const double oldest = oldest_live_lease(boot);
  rebuild([&](const IpAddr& address, const Lease& lease) {
    if (lease.state != Lease::State::held || lease.modified_s >= oldest) {
      return false;
    }
    log::info("free " + address.str() + " of " + lease.holder.str() + ": leased before this boot");
    return true;
  });
}

/// Seconds since the epoch; 0 when no lease can be from an earlier boot. Without an index it is
/// not known whether there has been a boot since the leases were made: then nothing is taken for
/// old that might not be, for the address of a live container would be leased twice.
double Store::oldest_live_lease(const Boot& boot) const {
  const auto& origin = index_.origin();
  if (boot.id.empty() || (origin && origin->boot == boot_hash_) || directory_.is_shared()) {
    return 0;
  }
  return (origin ? boot.began : boot.began_at_earliest) - kClockMarginSeconds;
}

/// The directory is stamped before the first write, so that from then on the index on disk fits no
/// directory until its header, which is written last, fits this one. An index that lacks a lease
/// because it could not be read is not saved: it would hide that lease from its holder's DEL.
Store::~Store() {
  if (!index_.changed() || unreadable_) {
    return;
  }
  const auto& origin = index_.origin();
  const std::uint64_t generation = origin ? origin->generation + 1 : 0;
  const auto identity = directory_.stamp(generation);
  const bool is_new = identity && !(origin && *identity == origin->directory);
  if (!is_new || !index_.save({*identity, boot_hash_, generation})) {
    log::debug("could not save the lease index: the next command will make it anew");
  }
}

void Store::require_readable() const {
  if (unreadable_) {
    throw Error{*unreadable_};
  }
}

void Store::rebuild(const Verdict& remove) {
  index_.clear();
  unreadable_.reset();
  BestEffort removals;
  directory_.for_each([&](const IpAddr& address, const Lease& lease) {
    bool removed = false;
    if (remove(address, lease)) {
      removals.attempt("free " + address.str(), [&] {
        directory_.remove(address);
        removed = true;
      });
    }
    if (lease.state == Lease::State::unreadable) {
      unreadable_ = SystemError{lease.error, directory_.describe("read lease", address.str())};
    }
    if (lease.state == Lease::State::foreign || lease.state == Lease::State::unreadable) {
      index_.add(address, std::nullopt);
    } else if (lease.state == Lease::State::held && !removed) {
      index_.add(address, lease.holder.hash());
    }
  });
  rebuilt_ = true;
  removals.finish();
}

/// False when the index was made by this very command and cannot be made better.
bool Store::heal() {
  if (rebuilt_) {
    return false;
  }
  log::debug("the lease index is wrong: making it anew");
  rebuild([](const IpAddr&, const Lease&) { return false; });
  return true;
}

Store::Found Store::look_up(const Holder& holder) {
  Found found{{}, true};
  for (const IpAddr& address : index_.find(holder.hash())) {
    const Lease lease = directory_.read(address);
    if (lease.state == Lease::State::held && lease.holder == holder) {
      found.addresses.push_back(address);
    } else {
      found.sound = false;
    }
  }
  found.sound = found.sound && !index_.damaged();
  return found;
}

std::vector<IpAddr> Store::find(const Holder& holder) {
  Found found = look_up(holder);
  if (!found.sound && heal()) {
    found = look_up(holder);
  }
  return found.addresses;
}

Store::Held Store::find_all(const Holder& holder) {
  auto own = find(holder);
  if (!own.empty()) {
    return {holder, std::move(own)};
  }
  return {holder.without_ifname(), find(holder.without_ifname())};
}

std::optional<IpAddr> Store::first_free(const std::vector<Span>& walk) {
  for (const Span& span : walk) {
    if (const auto address = index_.find_free(span)) {
      return address;
    }
  }
  return std::nullopt;
}

std::optional<IpAddr> Store::find_free(const std::vector<Span>& walk) {
  auto address = first_free(walk);
  if ((!address || index_.damaged()) && heal()) {
    address = first_free(walk);
  }
  return address;
}

std::optional<IpAddr> Store::allocate(const std::vector<Span>& walk, const Holder& holder) {
  while (const auto address = find_free(walk)) {
    if (reserve(*address, holder)) {
      return address;
    }
    if (!heal()) {
      index_.add(*address, std::nullopt);
    }
  }
  return std::nullopt;
}

bool Store::reserve(const IpAddr& address, const Holder& holder) {
  if (!directory_.create(address, holder)) {
    if (directory_.read(address).state != Lease::State::worthless) {
      return false;
    }
    log::warn(
        "lease file of " + address.str() + " is empty or torn: the address is free, continuing");
    directory_.replace(address, holder);
  }
  index_.add(address, holder.hash());
  return true;
}

void Store::release(const IpAddr& address, const Holder& holder) {
  directory_.remove(address);
  index_.remove(address, holder.hash());
}

void Store::collect(const std::function<bool(const Holder&)>& keep) {
  rebuild([&](const IpAddr& address, const Lease& lease) {
    const bool is_lease =
        lease.state == Lease::State::held || lease.state == Lease::State::worthless;
    if (!is_lease || (lease.state == Lease::State::held && keep(lease.holder))) {
      return false;
    }
    log::info("free " + address.str() + " of " + lease.holder.str() + ": not attached any more");
    return true;
  });
}

}  // namespace patchbay::hostlocal
