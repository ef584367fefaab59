#include "device/loan.h"

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "device/hardware.h"
#include "device/place.h"
#include "device/restore.h"
#include "device/take_back.h"

namespace patchbay::device {

namespace {

/// Puts in order what is on the host of `records`. True when there was something.
bool reclaim(Store& store, nl::Socket& host, const std::vector<Record>& records) {
  bool any = false;
  for (const auto& record : records) {
    if (auto link = find_home(host, record)) {
      restore(host, record, std::move(*link));
      store.remove(record.label);
      any = true;
    }
  }
  return any;
}

template <typename Predicate>
std::vector<Record> list_records(const Store& store, Predicate&& predicate) {
  std::vector<Record> records;
  for (const auto& label : store.list()) {
    auto record = store.find(label);
    if (record && predicate(*record)) {
      records.push_back(std::move(*record));
    }
  }
  return records;
}

/// The link of `selector`, after stale records of it are put in order.
nl::Link get(Store& store, nl::Socket& host, const Selector& selector) {
  auto link = selector.find(host);
  const auto records = list_records(store, [&](const Record& record) {
    return link ? is_home(record, *link) : selector.matches(record);
  });
  if (reclaim(store, host, records)) {
    link = selector.find(host);
  }
  if (link) {
    return std::move(*link);
  }
  if (!records.empty()) {
    throw Error{
        ErrorCode::try_again_later,
        selector.key + ": " + quote(selector.value) + " is in " + records.front().holder()};
  }
  throw Error{
      ErrorCode::invalid_config,
      selector.key + ": no link " + (selector.name ? "" : "of ") + quote(selector.value) +
          " on the host"};
}

void require_lendable(const nl::Link& link, const Selector& selector) {
  const auto refuse = [&](const std::string& reason) {
    throw Error{
        ErrorCode::invalid_config, selector.key + ": " + quote(link.name.str()) + " " + reason};
  };
  if (link.loopback) {
    refuse("is the loopback interface, which every namespace has of its own");
  }
  if (link.master) {
    refuse("is a port of a bridge or bond, or in a VRF; free it first");
  }
}

/// An attachment has one device. The record of one that is gone is stale.
void require_no_device(Store& store, nl::Socket& host, const std::string& label) {
  const auto record = store.find(label);
  if (!record) {
    return;
  }
  auto home = find_home(host, *record);
  if (find_away(*record, std::nullopt) || (!home && is_plugged(*record))) {
    throw Error{
        ErrorCode::invalid_environment,
        "CNI_IFNAME: " + record->holder() + " has device " + quote(record->was.name.str()) +
            " already"};
  }
  if (home) {
    restore(host, *record, std::move(*home));
  }
  store.remove(label);
}

/// The number that the link gets in the container: its own if that is free.
IfIndex choose_index(nl::Socket& container, const nl::Link& link) {
  auto highest = link.index;
  const auto links = nl::list_links(container);
  const bool is_free = std::none_of(links.begin(), links.end(), [&](const nl::Link& other) {
    highest = std::max(highest, other.index);
    return other.index == link.index;
  });
  return is_free ? link.index : IfIndex{static_cast<int>(highest) + 1};
}

nl::Link choose(Store& store, nl::Socket& host, const std::vector<Selector>& selectors) {
  std::optional<nl::Link> chosen;
  for (const auto& selector : selectors) {
    auto link = get(store, host, selector);
    if (chosen && chosen->index != link.index) {
      throw Error{
          ErrorCode::invalid_config,
          selectors.front().key + ", " + selector.key + ": they lead to different devices, " +
              quote(chosen->name.str()) + " and " + quote(link.name.str())};
    }
    chosen = std::move(link);
  }
  require_lendable(*chosen, selectors.front());
  return std::move(*chosen);
}

/// Everything about `link` that is to be restored.
Record describe(nl::Socket& host, const nl::Link& link, const cni::Attachment& attachment) {
  nl::Socket container = nl::Socket::in(*attachment.netns);
  return {
      .label = attachment.owner().label(),
      .was = link,
      .baggage = nl::list_baggage(host, link),
      .hardware = directory_behind(link.name),
      .netns = attachment.netns_path,
      .netns_inode = inode_of(*attachment.netns),
      .away = choose_index(container, link)};
}

Store locked_store() {
  Store store = Store::ensure();
  store.lock();
  return store;
}

[[noreturn]] void refuse_move(
    nl::Socket& host, const nl::Refusal& refusal, const Record& record, const IfName& ifname) {
  const std::string what =
      "move " + quote(record.was.name.str()) + " into the container as " + quote(ifname.str());
  if (refusal.error == EINVAL && nl::find_link(host, record.was.index)) {
    const std::string words = refusal.extack.empty() ? "" : " (" + refusal.extack + ")";
    throw Error{
        ErrorCode::invalid_config,
        what + ": the kernel does not let this kind of link leave its namespace" + words};
  }
  refusal.raise(what);
}

}  // namespace

Loan::Loan(const cni::Attachment& attachment, const std::vector<Selector>& selectors)
    : attachment_{attachment},
      store_{locked_store()},
      record_{describe(host_, choose(store_, host_, selectors), attachment)} {
  require_no_device(store_, host_, record_.label);
}

nl::Link Loan::carry_out(std::optional<Mtu> mtu, std::optional<MacAddr> mac) {
  store_.create(record_);
  const nl::LinkChange change{
      .mtu = mtu,
      .mac = mac,
      .target = &*attachment_.netns,
      .target_index = record_.away,
      .name = attachment_.ifname,
      .alias = record_.mark()};
  if (const nl::Refusal refusal = nl::try_change_link(host_, record_.was.index, change)) {
    refuse_move(host_, refusal, record_, attachment_.ifname);
  }
  store_.unlock();
  nl::Socket container = nl::Socket::in(*attachment_.netns);
  return nl::get_link(container, attachment_.ifname);
}

void Loan::undo() {
  take_back(store_, host_, record_.label, attachment_.netns);
}

void require_there(const Selector& selector) {
  nl::Socket host;
  if (selector.find(host) || !find_passed_through({selector}).empty()) {
    return;
  }
  const auto records = list_records(Store::open(), [&](const Record& record) {
    return selector.matches(record) && (!is_hardware(record.was) || is_plugged(record));
  });
  if (records.empty()) {
    throw Error{
        ErrorCode::plugin_not_available,
        selector.key + ": device " + quote(selector.value) + " is not there"};
  }
}

}  // namespace patchbay::device
