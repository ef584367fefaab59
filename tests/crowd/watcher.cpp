#include "crowd/watcher.h"

#include <algorithm>
#include <utility>

#include <linux/rtnetlink.h>

#include "netlink/addr.h"
#include "netlink/link.h"
#include "netns/netns.h"

namespace patchbay::test {

Watcher::Watcher(Ledger& ledger) : ledger_{ledger} {
  std::map<std::string, std::string> netns;
  for (const auto& attachment : ledger.attachments()) {
    netns[attachment.container_id] = attachment.netns;
  }
  for (const auto& [id, path] : netns) {
    containers_.push_back({id, nl::Socket::in(netns::Netns::open(path))});
  }
}

Watcher::Addresses Watcher::addresses_of(std::size_t container) {
  auto& socket = containers_.at(container).socket;
  Addresses addresses;
  for (const auto& link : nl::list_links(socket)) {
    for (const auto& address : nl::list_addresses(socket, link.index)) {
      if (address.scope == RT_SCOPE_UNIVERSE) {
        addresses.emplace_back(address.prefix.str(), link.index);
      }
    }
  }
  return addresses;
}

bool Watcher::is_still_there(const std::string& address, const Sighting& sighting) {
  const auto now = addresses_of(sighting.container);
  return std::find(now.begin(), now.end(), std::pair{address, sighting.link}) != now.end();
}

/// The namespaces are read one after the other. So a second sighting counts only when the first
/// link still has the address: then it has had it all the time.
void Watcher::sweep() {
  std::map<std::string, Sighting> seen;
  for (std::size_t container = 0; container < containers_.size(); ++container) {
    for (const auto& [address, link] : addresses_of(container)) {
      const auto [first, is_new] = seen.try_emplace(address, Sighting{container, link});
      if (!is_new && is_still_there(address, first->second)) {
        ledger_.report(
            address + " is on a link of " + containers_.at(first->second.container).id +
            " and on one of " + containers_.at(container).id);
      }
      first->second = {container, link};
    }
  }
  ++ledger_.counters().sweeps;
}

void Watcher::run() {
  while (!ledger_.counters().stop) {
    sweep();
  }
}

}  // namespace patchbay::test
