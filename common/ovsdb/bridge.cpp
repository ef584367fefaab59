#include "ovsdb/bridge.h"

#include "base/error.h"

namespace patchbay::ovsdb {

namespace {

Where is_named(const std::string& name) {
  return {{"name", "==", Value::text(name)}};
}

/// Lets the transaction go on only when `table` has no row `name`; returns the operation.
std::size_t require_absent(
    Transaction& transaction, const std::string& table, const std::string& name) {
  return transaction.wait({.table = table, .where = is_named(name), .columns = {"name"}});
}

Uuid bridge_uuid(const std::string& name) {
  return Uuid::derive("bridge", name);
}

Uuid internal_port_uuid(const std::string& name) {
  return Uuid::derive("internal port", name);
}

/// An internal Interface and a Port with it; returns what the bridge refers to.
Value insert_internal(
    Transaction& transaction, const std::string& name, const std::optional<std::uint16_t>& tag) {
  const Uuid interface = Uuid::derive("internal interface", name);
  const Uuid port = internal_port_uuid(name);
  const Value ids = Value::map({{"owner", "patchbay"}});
  transaction.insert(
      "Interface",
      interface,
      {{"name", Value::text(name)}, {"type", Value::text("internal")}, {"external_ids", ids}});
  Columns columns{
      {"name", Value::text(name)},
      {"interfaces", Value::inserted(interface)},
      {"external_ids", ids}};
  if (tag) {
    columns.emplace_back("tag", Value::number(*tag));
  }
  transaction.insert("Port", port, columns);
  return Value::inserted(port);
}

/// True when it was done, false when the operation `guard`, a wait, has held it back.
bool commit_if(
    std::size_t guard, Client& client, Transaction transaction, const std::string& what) {
  const Reply reply = client.try_transact(std::move(transaction));
  if (reply.refusal() && reply.refusal()->operation != guard) {
    reply.refusal()->raise(what);
  }
  return !reply.refusal();
}

}  // namespace

bool has_bridge(Client& client, const std::string& name) {
  Transaction transaction;
  transaction.select("Bridge", is_named(name), {"name"});
  return !client.transact(std::move(transaction), "look up bridge " + quote(name)).rows(0).empty();
}

bool ensure_bridge(Client& client, const BridgeSpec& spec) {
  Transaction transaction;
  const auto guard = require_absent(transaction, "Bridge", spec.name);
  Columns columns{
      {"name", Value::text(spec.name)},
      {"ports", insert_internal(transaction, spec.name, std::nullopt)},
      {"datapath_type", Value::text(spec.datapath_type)},
      {"external_ids", Value::map({{"owner", "patchbay"}})}};
  if (!spec.fail_mode.empty()) {
    columns.emplace_back("fail_mode", Value::text(spec.fail_mode));
  }
  const Uuid bridge = bridge_uuid(spec.name);
  transaction.insert("Bridge", bridge, columns);
  transaction.mutate("Open_vSwitch", {}, {{"bridges", "insert", Value::inserted(bridge)}});
  transaction.comment("patchbay: add bridge " + spec.name);
  return commit_if(guard, client, std::move(transaction), "add bridge " + quote(spec.name));
}

bool remove_unused_bridge(
    Client& client, const std::string& name, const std::string& internal_port) {
  const Uuid bridge = bridge_uuid(name);
  Transaction transaction;
  if (internal_port != name) {
    const Value port = Value::row(internal_port_uuid(internal_port));
    transaction.mutate("Bridge", is_row(bridge), {{"ports", "delete", port}});
  }
  const auto guard = transaction.wait(
      {.table = "Bridge",
       .where = is_row(bridge),
       .columns = {"ports"},
       .rows = {{{"ports", Value::row(internal_port_uuid(name))}}}});
  transaction.mutate("Open_vSwitch", {}, {{"bridges", "delete", Value::row(bridge)}});
  transaction.comment("patchbay: remove bridge " + name);
  return commit_if(guard, client, std::move(transaction), "remove bridge " + quote(name));
}

bool ensure_internal_port(Client& client, const InternalPortSpec& spec) {
  const std::string& name = spec.name.str();
  Transaction transaction;
  const auto guard = require_absent(transaction, "Port", name);
  const Value port = insert_internal(transaction, name, spec.tag);
  transaction.mutate("Bridge", is_named(spec.bridge), {{"ports", "insert", port}});
  transaction.comment("patchbay: add port " + name);
  return commit_if(
      guard,
      client,
      std::move(transaction),
      "add port " + quote(name) + " to bridge " + quote(spec.bridge));
}

void await_interface(Client& client, const std::string& name, std::chrono::milliseconds patience) {
  Transaction transaction;
  transaction.wait(
      {.table = "Interface",
       .where = is_named(name),
       .columns = {"ofport"},
       .until_equal = false,
       .rows = {{{"ofport", Value::set({})}}},
       .timeout = patience});
  client.transact(std::move(transaction), "wait for ovs-vswitchd to make " + quote(name));
}

void keep_mac(Client& client, const std::string& bridge, const MacAddr& mac) {
  Transaction transaction;
  transaction.mutate(
      "Bridge",
      is_named(bridge),
      {{"other_config", "insert", Value::map({{"hwaddr", mac.str()}})}});
  client.transact(std::move(transaction), "keep the MAC address of bridge " + quote(bridge));
}

/// It answers a raised next_cfg by a cur_cfg that is different from what it was.
void require_switch(Client& client, std::chrono::milliseconds patience) {
  Transaction request;
  request.mutate("Open_vSwitch", {}, {{"next_cfg", "+=", Value::number(1)}});
  request.select("Open_vSwitch", {}, {"cur_cfg"});
  const auto reply = client.transact(std::move(request), "ask ovs-vswitchd for a sign of life");
  const auto rows = reply.rows(1);
  const auto before = rows.empty() ? 0 : rows.front().number("cur_cfg").value_or(0);
  Transaction answer;
  answer.wait(
      {.table = "Open_vSwitch",
       .columns = {"cur_cfg"},
       .until_equal = false,
       .rows = {{{"cur_cfg", Value::number(before)}}},
       .timeout = patience});
  if (client.try_transact(std::move(answer)).refusal()) {
    throw Error{
        ErrorCode::try_again_later,
        "ovs-vswitchd does not answer in " + std::to_string(patience.count()) + " ms"};
  }
}

}  // namespace patchbay::ovsdb
