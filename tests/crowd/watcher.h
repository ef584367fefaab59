#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/types.h"
#include "crowd/ledger.h"
#include "netlink/socket.h"

namespace patchbay::test {

/// Looks from outside: reads the addresses in all namespaces of a crowd, again and again, and
/// reports one that two links have at once.
class Watcher {
 public:
  /// `ledger` has to outlive it.
  explicit Watcher(Ledger& ledger);

  /// Until the ledger says stop.
  void run();

 private:
  struct Sighting {
    std::size_t container;
    IfIndex link;  ///< A namespace gives each number once.
  };
  struct Container {
    std::string id;
    nl::Socket socket;
  };
  using Addresses = std::vector<std::pair<std::string, IfIndex>>;

  Addresses addresses_of(std::size_t container);
  bool is_still_there(const std::string& address, const Sighting& sighting);
  void sweep();

  Ledger& ledger_;
  std::vector<Container> containers_;
};

}  // namespace patchbay::test
