#include <charconv>

#include "base/error.h"
#include "ovsdb/port_rows.h"

namespace patchbay::ovsdb {

namespace {

std::optional<Row> find_port_row(Client& client, const Owner& owner) {
  const std::vector<std::string> columns{
      "_uuid",
      "name",
      "tag",
      "trunks",
      "vlan_mode",
      "protected",
      "qos",
      "external_ids",
      "interfaces"};
  for (const Where& where : {is_row(Identities{owner}.port), of_owner(owner)}) {
    Transaction transaction;
    transaction.select("Port", where, columns);
    const auto rows =
        client.transact(std::move(transaction), "look up port of " + owner.label()).rows(0);
    if (!rows.empty()) {
      return rows.front();
    }
  }
  return std::nullopt;
}

void read_interface(const Row& row, PortState& state) {
  state.interface = row.uuid();
  state.interface_ids = row.map("external_ids");
  state.ofport = row.number("ofport");
  state.error = row.text("error").value_or("");
  state.link_state = row.text("link_state").value_or("");
  constexpr std::uint64_t kKilo = 1000;
  state.policed_rate =
      kKilo * static_cast<std::uint64_t>(row.number("ingress_policing_rate").value_or(0));
}

std::uint64_t shaped_rate_in(const Row& queue) {
  const auto limits = queue.map("other_config");
  const auto found = limits.find("max-rate");
  std::uint64_t rate = 0;
  if (found != limits.end()) {
    const auto& text = found->second;
    (void)std::from_chars(text.data(), text.data() + text.size(), rate);
  }
  return rate;
}

Vlans vlans_in(const Row& row) {
  Vlans vlans{.mode = row.text("vlan_mode").value_or("")};
  if (const auto tag = row.number("tag")) {
    vlans.tag = static_cast<std::uint16_t>(*tag);
  }
  for (const auto id : row.numbers("trunks")) {
    vlans.trunks.push_back(static_cast<std::uint16_t>(id));
  }
  return vlans;
}

}  // namespace

std::optional<PortState> find_port(Client& client, const Owner& owner, const std::string& bridge) {
  const auto port = find_port_row(client, owner);
  if (!port) {
    return std::nullopt;
  }
  PortState state{
      .name = port->text("name").value_or(""),
      .vlans = vlans_in(*port),
      .isolated = port->flag("protected"),
      .port_ids = port->map("external_ids")};
  Transaction transaction;
  transaction.select(
      "Bridge",
      {{"name", "==", Value::text(bridge)}, {"ports", "includes", Value::row(port->uuid())}},
      {"name"});
  const auto queues = transaction.select("Queue", of_owner(owner), {"other_config"});
  const auto interfaces = transaction.size();
  for (const auto& interface : port->rows("interfaces")) {
    transaction.select(
        "Interface",
        is_row(interface),
        {"_uuid", "external_ids", "ofport", "error", "link_state", "ingress_policing_rate"});
  }
  const auto reply = client.transact(std::move(transaction), "look up port " + quote(state.name));
  state.on_bridge = !reply.rows(0).empty();
  if (const auto rows = reply.rows(queues); !rows.empty() && !port->rows("qos").empty()) {
    state.shaped_rate = shaped_rate_in(rows.front());
  }
  for (const auto& row : reply.rows(interfaces)) {
    read_interface(row, state);
  }
  return state;
}

bool await_link(Client& client, PortState& port, std::chrono::milliseconds patience) {
  if (port.link_state != "up" && port.interface) {
    Transaction transaction;
    transaction.wait(
        {.table = "Interface",
         .where = is_row(*port.interface),
         .columns = {"link_state"},
         .rows = {{{"link_state", Value::text("up")}}},
         .timeout = patience});
    if (!client.try_transact(std::move(transaction)).refusal()) {
      port.link_state = "up";
    }
  }
  return port.link_state == "up";
}

}  // namespace patchbay::ovsdb
