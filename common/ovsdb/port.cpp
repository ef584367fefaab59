#include "ovsdb/port.h"

#include "base/error.h"
#include "ovsdb/port_rows.h"

namespace patchbay::ovsdb {

namespace {

std::map<std::string, std::string> merged(
    std::map<std::string, std::string> ours, const std::map<std::string, std::string>& further) {
  ours.insert(further.begin(), further.end());
  return ours;
}

void insert_shaping(Transaction& transaction, const PortSpec& spec) {
  const Identities ids{spec.owner};
  const Value owner = Value::map(owner_ids(spec.owner));
  std::map<std::string, std::string> limits{{"max-rate", std::to_string(spec.to_container.rate)}};
  if (spec.to_container.burst != 0) {
    limits["burst"] = std::to_string(spec.to_container.burst);
  }
  transaction.insert(
      "Queue", ids.queue, {{"other_config", Value::map(limits)}, {"external_ids", owner}});
  transaction.insert(
      "QoS",
      ids.qos,
      {{"type", Value::text("linux-htb")},
       {"other_config", Value::map({{"max-rate", limits["max-rate"]}})},
       {"queues", Value::row_map({{0, ids.queue}})},
       {"external_ids", owner}});
}

Value policing(std::uint64_t bits) {
  return Value::number(static_cast<std::int64_t>(kilobits(bits)));
}

Columns interface_columns(const PortSpec& spec) {
  Columns columns{
      {"name", Value::text(spec.name.str())},
      {"external_ids", Value::map(merged(owner_ids(spec.owner), spec.interface_ids))}};
  if (!spec.type.empty()) {
    columns.emplace_back("type", Value::text(spec.type));
  }
  if (spec.ofport != 0) {
    columns.emplace_back("ofport_request", Value::number(spec.ofport));
  }
  if (spec.from_container.rate != 0) {
    columns.emplace_back("ingress_policing_rate", policing(spec.from_container.rate));
    columns.emplace_back("ingress_policing_burst", policing(spec.from_container.burst));
  }
  return columns;
}

Columns port_columns(const PortSpec& spec) {
  const Identities ids{spec.owner};
  Columns columns{
      {"name", Value::text(spec.name.str())},
      {"interfaces", Value::inserted(ids.interface)},
      {"external_ids", Value::map(merged(owner_ids(spec.owner), spec.port_ids))},
      {"other_config", Value::map(spec.other_config)},
      {"protected", Value::flag(spec.isolated)}};
  if (!spec.vlans.mode.empty()) {
    columns.emplace_back("vlan_mode", Value::text(spec.vlans.mode));
  }
  if (spec.vlans.tag) {
    columns.emplace_back("tag", Value::number(*spec.vlans.tag));
  }
  std::vector<Value> trunks;
  for (const auto id : spec.vlans.trunks) {
    trunks.push_back(Value::number(id));
  }
  columns.emplace_back("trunks", Value::set(trunks));
  if (spec.to_container.rate != 0) {
    columns.emplace_back("qos", Value::inserted(ids.qos));
  }
  return columns;
}

/// Rows of this owner are there already, or those of somebody who uses the device's name.
bool is_taken(const Refusal& refusal) {
  return refusal.error == "duplicate uuid" || refusal.error == "constraint violation";
}

}  // namespace

std::uint64_t kilobits(std::uint64_t bits) {
  return (bits + 999) / 1000;
}

PortInsertion::PortInsertion(Client& client, PortSpec spec)
    : client_{client},
      spec_{std::move(spec)} {
  repeat();
}

Transaction PortInsertion::transaction() {
  const Identities ids{spec_.owner};
  const Value bridge = Value::text(spec_.bridge);
  Transaction transaction;
  transaction.wait(
      {.table = "Bridge",
       .where = {{"name", "==", bridge}},
       .columns = {"name"},
       .rows = {{{"name", bridge}}}});
  if (spec_.to_container.rate != 0) {
    insert_shaping(transaction, spec_);
  }
  interface_position_ = transaction.insert("Interface", ids.interface, interface_columns(spec_));
  transaction.insert("Port", ids.port, port_columns(spec_));
  transaction.mutate(
      "Bridge", {{"name", "==", bridge}}, {{"ports", "insert", Value::inserted(ids.port)}});
  transaction.comment("patchbay: add port " + spec_.name.str() + " of " + spec_.owner.label());
  return transaction;
}

void PortInsertion::repeat() {
  pending_ = client_.send(transaction());
}

bool PortInsertion::finish() {
  Reply reply = client_.receive(*pending_);
  if (reply.refusal() && is_taken(*reply.refusal()) && remove_port(client_, spec_.owner)) {
    repeat();
    reply = client_.receive(*pending_);
  }
  if (!reply.refusal()) {
    interface_ = reply.inserted(interface_position_);
    return true;
  }
  if (reply.refusal()->operation == 0) {
    return false;
  }
  reply.refusal()->raise(
      "add port " + quote(spec_.name.str()) + " to bridge " + quote(spec_.bridge));
}

std::string PortInsertion::name() const {
  return "port " + quote(spec_.name.str()) + " of bridge " + quote(spec_.bridge);
}

/// ovs-vswitchd tells ofport and error together.
void PortInsertion::await(std::chrono::milliseconds patience) {
  if (patience.count() == 0) {
    return;
  }
  Transaction transaction;
  transaction.wait(
      {.table = "Interface",
       .where = is_row(*interface_),
       .columns = {"ofport"},
       .until_equal = false,
       .rows = {{{"ofport", Value::set({})}}},
       .timeout = patience});
  const auto answer = transaction.select("Interface", is_row(*interface_), {"ofport", "error"});
  const Reply reply = client_.try_transact(std::move(transaction));
  if (reply.refusal()) {
    throw Error{
        ErrorCode::try_again_later,
        name() + ": ovs-vswitchd has not taken it up in " + std::to_string(patience.count()) +
            " ms"};
  }
  const auto rows = reply.rows(answer);
  if (rows.empty()) {
    throw Error{ErrorCode::try_again_later, name() + " has been removed meanwhile"};
  }
  const Row& row = rows.front();
  const auto error = row.text("error").value_or("");
  if (row.number("ofport").value_or(-1) < 0 || !error.empty()) {
    throw Error{
        ErrorCode::io_failure,
        name() +
            ": ovs-vswitchd refuses it: " + (error.empty() ? "no reason given" : quote(error))};
  }
}

}  // namespace patchbay::ovsdb
