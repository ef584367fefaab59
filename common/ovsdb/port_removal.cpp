#include "base/error.h"
#include "ovsdb/port_rows.h"

namespace patchbay::ovsdb {

namespace {

/// Without its bridge a Port is collected when the transaction ends, but a QoS row that it refers
/// to could not be deleted by then.
std::size_t take_off_bridge(Transaction& transaction, const Uuid& port) {
  transaction.update("Port", is_row(port), {{"qos", Value::set({})}});
  return transaction.mutate(
      "Bridge", {{"ports", "includes", Value::row(port)}}, {{"ports", "delete", Value::row(port)}});
}

/// For servers that have chosen the rows' identities themselves.
bool remove_port_by_owner(Client& client, const Owner& owner) {
  Transaction search;
  search.select("Port", of_owner(owner), {"_uuid"});
  const std::string what = "remove the port of " + quote(owner.label());
  const auto found = client.transact(std::move(search), what).rows(0);
  if (found.empty()) {
    return false;
  }
  Transaction removal;
  for (const auto& row : found) {
    take_off_bridge(removal, row.uuid());
  }
  removal.remove("QoS", of_owner(owner));
  removal.remove("Queue", of_owner(owner));
  client.transact(std::move(removal), what);
  return true;
}

Owner owner_in(const std::map<std::string, std::string>& ids) {
  const auto value = [&](const char* key) {
    const auto found = ids.find(key);
    return found == ids.end() ? std::string{} : found->second;
  };
  return {value("network"), value("container_id"), value("ifname")};
}

}  // namespace

bool remove_port(Client& client, const Owner& owner) {
  const Identities ids{owner};
  Transaction transaction;
  const auto mutation = take_off_bridge(transaction, ids.port);
  transaction.remove("QoS", is_row(ids.qos));
  transaction.remove("Queue", is_row(ids.queue));
  transaction.comment("patchbay: remove port of " + owner.label());
  const auto reply =
      client.transact(std::move(transaction), "remove the port of " + quote(owner.label()));
  return reply.count(mutation) > 0 || remove_port_by_owner(client, owner);
}

void remove_ports_if(
    Client& client, const std::string& network, const std::function<bool(const Owner&)>& is_stale) {
  const Where of_network{{"external_ids", "includes", Value::map(network_ids(network))}};
  Transaction search;
  for (const char* table : {"Port", "QoS", "Queue"}) {
    search.select(table, of_network, {"_uuid", "external_ids"});
  }
  const auto found = client.transact(std::move(search), "list the ports of network " + network);
  Transaction removal;
  for (const auto& row : found.rows(0)) {
    if (is_stale(owner_in(row.map("external_ids")))) {
      take_off_bridge(removal, row.uuid());
    }
  }
  std::size_t operation = 1;
  for (const char* table : {"QoS", "Queue"}) {
    for (const auto& row : found.rows(operation++)) {
      if (is_stale(owner_in(row.map("external_ids")))) {
        removal.remove(table, is_row(row.uuid()));
      }
    }
  }
  if (removal.size() > 0) {
    client.transact(std::move(removal), "remove the stale ports of network " + network);
  }
}

}  // namespace patchbay::ovsdb
