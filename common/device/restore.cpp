#include "device/restore.h"

#include <cerrno>

#include "base/error.h"
#include "base/log.h"

namespace patchbay::device {

namespace {

void warn(const nl::Refusal& refusal, const std::string& attempt) {
  if (refusal && refusal.error != EEXIST) {
    log::warn(
        std::string{SystemError{refusal.error, attempt, refusal.extack}.what()} + ", continuing");
  }
}

/// Name and MAC address, which some drivers change only while the link is down.
void restore_identity(nl::Socket& host, const Record& record, nl::Link& link) {
  const nl::Link& was = record.was;
  const std::string name = quote(link.name.str());
  const bool is_renamed = link.name != was.name;
  const bool has_other_mac = link.mac != was.mac;
  if (link.up && (is_renamed || has_other_mac)) {
    warn(nl::try_change_link(host, link.index, {.up = false}), "set " + name + " down");
    link.up = false;
  }
  if (is_renamed && nl::find_link(host, was.name)) {
    log::warn(
        "another link is called " + quote(was.name.str()) + " now, so the device is " + name +
        ", continuing");
  } else if (is_renamed) {
    warn(nl::try_change_link(host, link.index, {.name = was.name}), "rename " + name);
  }
  if (has_other_mac) {
    warn(nl::try_change_link(host, link.index, {.mac = was.mac}), "set the MAC address of " + name);
  }
}

void restore_baggage(nl::Socket& host, const Record& record, const nl::Link& link) {
  const std::string name = quote(record.was.name.str());
  for (const auto& address : record.baggage.addresses) {
    warn(
        nl::try_add_address(host, link.index, address),
        "put address " + address.address.str() + " back on " + name);
  }
  for (const auto& route : record.baggage.routes) {
    warn(
        nl::try_add_route(host, link.index, route),
        "put the route to " + route.dst.str() + " back on " + name);
  }
}

}  // namespace

/// Each step can be repeated; the mark goes last, because a virtual device is found by it.
void restore(nl::Socket& host, const Record& record, nl::Link link) {
  const nl::Link& was = record.was;
  const std::string name = quote(was.name.str());
  restore_identity(host, record, link);
  if (link.mtu != was.mtu) {
    warn(nl::try_change_link(host, link.index, {.mtu = was.mtu}), "set the MTU of " + name);
  }
  if (link.up != was.up) {
    const std::string state = was.up ? " up" : " down";
    warn(nl::try_change_link(host, link.index, {.up = was.up}), "set " + name + state);
  }
  restore_baggage(host, record, link);
  if (link.alias != was.alias) {
    warn(nl::try_change_link(host, link.index, {.alias = was.alias}), "restore alias of " + name);
  }
}

}  // namespace patchbay::device
