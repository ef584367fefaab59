#include "ovsdb/port_rows.h"

namespace patchbay::ovsdb {

std::map<std::string, std::string> network_ids(const std::string& network) {
  return {{"owner", "patchbay"}, {"network", network}};
}

std::map<std::string, std::string> owner_ids(const Owner& owner) {
  auto ids = network_ids(owner.network);
  ids["container_id"] = owner.container_id;
  ids["ifname"] = owner.ifname;
  return ids;
}

Where of_owner(const Owner& owner) {
  return {{"external_ids", "includes", Value::map(owner_ids(owner))}};
}

}  // namespace patchbay::ovsdb
