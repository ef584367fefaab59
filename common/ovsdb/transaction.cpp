#include "ovsdb/transaction.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace patchbay::ovsdb {

namespace {

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// "[a,b]", each member written by `write`.
template <typename Members, typename Write>
std::string array(const Members& members, const Write& write) {
  std::string text;
  for (const auto& member : members) {
    text += (text.empty() ? "" : ",") + write(member);
  }
  return "[" + text + "]";
}

std::string tagged(std::string_view tag, const std::string& json) {
  return "[" + json_text(tag) + "," + json + "]";
}

/// The name by which operations of one transaction refer to a row that it inserts.
std::string name_of(const Uuid& uuid) {
  std::string name = "row_" + uuid.str();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string row_json(const Columns& columns) {
  std::string text;
  for (const auto& [name, value] : columns) {
    text += (text.empty() ? "" : ",") + json_text(name) + ":" + value.json();
  }
  return "{" + text + "}";
}

std::string where_json(const Where& where) {
  return array(where, [](const Condition& one) {
    return "[" + json_text(one.column) + "," + json_text(one.function) + "," + one.value.json() +
           "]";
  });
}

std::string mutations_json(const std::vector<Mutation>& mutations) {
  return array(mutations, [](const Mutation& one) {
    return "[" + json_text(one.column) + "," + json_text(one.mutator) + "," + one.value.json() +
           "]";
  });
}

std::string names_json(const std::vector<std::string>& names) {
  return array(names, [](const std::string& name) { return json_text(name); });
}

}  // namespace

Value Value::text(std::string_view text) {
  return Value{json_text(text)};
}

Value Value::number(std::int64_t number) {
  return Value{std::to_string(number)};
}

Value Value::flag(bool flag) {
  return Value{flag ? "true" : "false"};
}

Value Value::row(const Uuid& uuid) {
  return Value{tagged("uuid", json_text(uuid.str()))};
}

Value Value::inserted(const Uuid& uuid) {
  return Value{tagged("named-uuid", json_text(name_of(uuid)))};
}

Value Value::set(const std::vector<Value>& members) {
  return Value{tagged("set", array(members, [](const Value& member) { return member.json(); }))};
}

Value Value::map(const std::map<std::string, std::string>& pairs) {
  return Value{tagged("map", array(pairs, [](const auto& pair) {
                        return "[" + json_text(pair.first) + "," + json_text(pair.second) + "]";
                      }))};
}

Value Value::row_map(const std::map<std::int64_t, Uuid>& pairs) {
  return Value{tagged("map", array(pairs, [](const auto& pair) {
                        return "[" + std::to_string(pair.first) + "," +
                               inserted(pair.second).json() + "]";
                      }))};
}

Where is_row(const Uuid& uuid) {
  return {{"_uuid", "==", Value::row(uuid)}};
}

Transaction::Transaction(std::string_view database) : database_{json_text(database)} {}

std::size_t Transaction::add(std::string_view op, std::string_view table, const std::string& rest) {
  const std::string subject = table.empty() ? "" : ",\"table\":" + json_text(table);
  operations_.push_back({"{\"op\":" + json_text(op) + subject + "," + rest, {}});
  return operations_.size() - 1;
}

std::size_t Transaction::comment(std::string_view text) {
  return add("comment", {}, "\"comment\":" + json_text(text));
}

std::size_t Transaction::wait(const Wait& wait) {
  longest_wait_ = std::max(longest_wait_, wait.timeout);
  const std::string until = wait.until_equal ? "==" : "!=";
  return add(
      "wait",
      wait.table,
      "\"timeout\":" + std::to_string(wait.timeout.count()) +
          ",\"where\":" + where_json(wait.where) + ",\"columns\":" + names_json(wait.columns) +
          ",\"until\":" + json_text(until) + ",\"rows\":" + array(wait.rows, row_json));
}

std::size_t Transaction::insert(std::string_view table, const Uuid& uuid, const Columns& columns) {
  names_rows_ = true;
  const auto position =
      add("insert",
          table,
          "\"uuid-name\":" + json_text(name_of(uuid)) + ",\"row\":" + row_json(columns));
  operations_.back().identity = ",\"uuid\":" + json_text(uuid.str());
  return position;
}

std::size_t Transaction::update(
    std::string_view table, const Where& where, const Columns& columns) {
  return add("update", table, "\"where\":" + where_json(where) + ",\"row\":" + row_json(columns));
}

std::size_t Transaction::mutate(
    std::string_view table, const Where& where, const std::vector<Mutation>& mutations) {
  return add(
      "mutate",
      table,
      "\"where\":" + where_json(where) + ",\"mutations\":" + mutations_json(mutations));
}

std::size_t Transaction::remove(std::string_view table, const Where& where) {
  return add("delete", table, "\"where\":" + where_json(where));
}

std::size_t Transaction::select(
    std::string_view table, const Where& where, const std::vector<std::string>& columns) {
  return add(
      "select", table, "\"where\":" + where_json(where) + ",\"columns\":" + names_json(columns));
}

std::string Transaction::params(bool identities) const {
  std::string text = "[" + database_;
  for (const auto& operation : operations_) {
    text += "," + operation.text + (identities ? operation.identity : "") + "}";
  }
  return text + "]";
}

}  // namespace patchbay::ovsdb
