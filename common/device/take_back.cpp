#include "device/take_back.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <poll.h>

#include <linux/rtnetlink.h>

#include "base/best_effort.h"
#include "base/error.h"
#include "device/place.h"
#include "device/restore.h"
#include "netlink/monitor.h"

namespace patchbay::device {

namespace {

constexpr std::chrono::seconds kReturnPatience{3};

/// The kernel calls what it returns by itself like this.
const IfName kAnyName = IfName::parse("dev%d");

/// One request does it all where there is nothing else to restore. Else the mark stays for now, by
/// which a virtual device can be found if we are killed.
nl::LinkChange way_home(nl::Socket& host, const Record& record, const nl::Link& link) {
  const nl::Link& was = record.was;
  const bool is_taken = nl::find_link(host, was.name).has_value();
  const bool is_all = !is_taken && link.mac == was.mac && link.mtu == was.mtu &&
                      record.baggage.addresses.empty() && record.baggage.routes.empty();
  nl::LinkChange change{
      .name = is_taken ? kAnyName : was.name, .alias = is_all ? was.alias : record.mark()};
  if (is_all && was.up) {
    change.up = true;
  }
  if (!nl::find_link(host, was.index)) {
    change.target_index = was.index;
  }
  return change;
}

nl::Link bring_home(nl::Socket& host, const Record& record, Place& place) {
  const auto here = netns::Netns::current();
  nl::LinkChange change = way_home(host, record, place.link);
  change.target = &here;
  nl::Refusal refusal = nl::try_change_link(place.socket, place.link.index, change);
  if (refusal.error == EEXIST || refusal.error == EBUSY) {  // taken in this moment
    change.name = kAnyName;
    change.alias = record.mark();
    change.target_index.reset();
    refusal = nl::try_change_link(place.socket, place.link.index, change);
  }
  auto link = !refusal && change.name == record.was.name ? nl::find_link(host, *change.name)
                                                         : find_home(host, record);
  if (!link) {
    refusal.raise("move " + quote(place.link.name.str()) + " back to the host");
  }
  return std::move(*link);
}

/// False when the device is not to be found, although it must be somewhere.
bool try_take_back(
    nl::Socket& host, const Record& record, const std::optional<netns::Netns>& container) {
  if (auto place = find_away(record, container)) {
    restore(host, record, bring_home(host, record, *place));
    return true;
  }
  if (auto link = find_home(host, record)) {
    restore(host, record, std::move(*link));
    return true;
  }
  return !is_plugged(record);
}

/// A namespace ends in the kernel's own time.
void await_home(nl::Socket& host, const Record& record) {
  nl::Socket events;
  events.join(RTNLGRP_LINK);
  const nl::Deadline deadline = std::chrono::steady_clock::now() + kReturnPatience;
  while (!find_home(host, record)) {
    pollfd waiting{events.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, nl::milliseconds_until(deadline)) <= 0) {
      return;
    }
    events.receive([](const nlmsghdr&) {});
  }
}

void take_recorded_back(
    Store& store,
    nl::Socket& host,
    const Record& record,
    const std::optional<netns::Netns>& container) {
  if (!try_take_back(host, record, container)) {
    store.unlock();
    await_home(host, record);
    store.lock();
    if (store.find(record.label) && !try_take_back(host, record, container)) {
      throw Error{
          ErrorCode::try_again_later,
          "device " + quote(record.was.name.str()) +
              " has not come back: the namespace that it is in has not ended"};
    }
  }
  store.remove(record.label);
}

/// What the mark of `link` says that it was called on the host; empty when it carries none. The
/// reference plugin's mark is the name.
std::string marked_name(const nl::Link& link, const std::string& label) {
  const auto name = name_in_mark(link.alias, label);
  const auto owner = parse_label(label);
  const bool is_foreign = owner && link.name.str() == owner->ifname && !ifname_fault(link.alias);
  return name.empty() && is_foreign ? link.alias : name;
}

/// Only hardware: a container can make any other link, give it our mark, and so have it moved to
/// the host.
void take_unrecorded_back(
    nl::Socket& host, const std::string& label, const std::optional<netns::Netns>& container) {
  const auto is_marked = [&](const nl::Link& link) {
    return is_hardware(link) && !ifname_fault(marked_name(link, label));
  };
  std::optional<netns::Netns> here;
  if (!container) {
    here.emplace(netns::Netns::current());
  }
  nl::Socket socket = nl::Socket::in(container ? *container : *here);
  const auto links = nl::list_links(socket);
  const auto link = std::find_if(links.begin(), links.end(), is_marked);
  if (link == links.end()) {
    return;
  }
  Record record{.label = label, .was = *link};
  record.was.name = IfName::parse(marked_name(*link, label));
  record.was.mac = link->permanent_mac.value_or(link->mac);
  record.was.up = false;
  record.was.alias = {};
  Place place{std::move(socket), *link};
  restore(host, record, container ? bring_home(host, record, place) : *link);
}

}  // namespace

void take_back(
    Store& store,
    nl::Socket& host,
    const std::string& label,
    const std::optional<netns::Netns>& container) {
  store.lock();
  if (const auto record = store.find(label)) {
    take_recorded_back(store, host, *record, container);
  } else {
    take_unrecorded_back(host, label, container);
    store.remove(label);  // of one that nobody can read
  }
}

void take_back(const cni::Attachment& attachment) {
  nl::Socket host;
  Store store = Store::open();
  take_back(store, host, attachment.owner().label(), attachment.netns);
}

void collect(const cni::Network& network, const cni::ValidAttachments& valid) {
  BestEffort each;
  nl::Socket host;
  Store store = Store::open();
  for (const auto& label : store.list()) {
    if (is_label_of_network(label, network.name) && !valid.contains_label(label)) {
      each.attempt("give the device of " + quote(label) + " back", [&] {
        take_back(store, host, label, std::nullopt);
      });
    }
  }
  each.finish();
}

}  // namespace patchbay::device
