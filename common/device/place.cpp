#include "device/place.h"

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>

#include "base/error.h"
#include "device/hardware.h"

namespace patchbay::device {

namespace {

bool is_same_hardware(const nl::Link& one, const nl::Link& other) {
  return is_hardware(one) && is_hardware(other) && one.parent == other.parent &&
         one.permanent_mac == other.permanent_mac;
}

/// Whatever the container has called it, and whatever it has given its name or mark.
bool is_at_its_number(const Record& record, const nl::Link& link) {
  return is_hardware(record.was) ? is_same_hardware(record.was, link)
                                 : link.kind == record.was.kind;
}

bool is_marked(const Record& record, const nl::Link& link) {
  return is_hardware(record.was) ? is_same_hardware(record.was, link)
                                 : link.kind == record.was.kind && link.alias == record.mark();
}

template <typename Predicate>
std::optional<nl::Link> find_first(nl::Socket& socket, Predicate&& predicate) {
  auto links = nl::list_links(socket);
  const auto found = std::find_if(links.begin(), links.end(), predicate);
  return found == links.end() ? std::nullopt : std::optional{std::move(*found)};
}

std::optional<nl::Link> find_in(nl::Socket& socket, const netns::Netns& ns, const Record& record) {
  if (inode_of(ns) == record.netns_inode) {
    auto link = nl::find_link(socket, record.away);
    if (link && is_at_its_number(record, *link)) {
      return link;
    }
  }
  return find_first(socket, [&](const nl::Link& link) { return is_marked(record, link); });
}

std::optional<Place> find_place(const netns::Netns& ns, const Record& record) {
  nl::Socket socket = nl::Socket::in(ns);
  auto link = find_in(socket, ns, record);
  return link ? std::optional{Place{std::move(socket), std::move(*link)}} : std::nullopt;
}

}  // namespace

bool is_hardware(const nl::Link& link) {
  return link.kind.empty() && (!link.parent.empty() || link.permanent_mac);
}

bool is_home(const Record& record, const nl::Link& link) {
  const bool stayed = link.index == record.was.index && link.name == record.was.name &&
                      link.kind == record.was.kind && !is_hardware(link);
  return stayed || is_marked(record, link);
}

std::optional<nl::Link> find_home(nl::Socket& host, const Record& record) {
  auto link = nl::find_link(host, record.was.name);
  if (link && is_home(record, *link)) {
    return link;
  }
  return find_first(host, [&](const nl::Link& one) { return is_home(record, one); });
}

std::optional<Place> find_away(const Record& record, const std::optional<netns::Netns>& container) {
  auto place = container ? find_place(*container, record) : std::nullopt;
  if (place) {
    return place;
  }
  const auto lent_to = netns::Netns::find(record.netns);
  const bool is_there = lent_to && inode_of(*lent_to) == record.netns_inode;
  return is_there ? find_place(*lent_to, record) : std::nullopt;
}

bool is_plugged(const Record& record) {
  return is_hardware(record.was) && !record.hardware.empty() &&
         !driver_of(record.hardware).empty() && !is_passed_through(record.hardware);
}

std::uint64_t inode_of(const netns::Netns& ns) {
  struct stat status {};
  if (::fstat(ns.fd(), &status) != 0) {
    throw SystemError{errno, "inspect a network namespace"};
  }
  return status.st_ino;
}

}  // namespace patchbay::device
