#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ovsdb/uuid.h"

/// What is asked of a database, as RFC 7047 has it. Everything is built as JSON text at once.
namespace patchbay::ovsdb {

/// The value of a column.
class Value {
 public:
  static Value text(std::string_view text);
  static Value number(std::int64_t number);
  static Value flag(bool flag);
  /// A row that is in the database.
  static Value row(const Uuid& uuid);
  /// A row that the same transaction inserts under this identity.
  static Value inserted(const Uuid& uuid);
  static Value set(const std::vector<Value>& members);
  static Value map(const std::map<std::string, std::string>& pairs);
  /// From numbers to rows that the same transaction inserts.
  static Value row_map(const std::map<std::int64_t, Uuid>& pairs);

  [[nodiscard]] const std::string& json() const noexcept { return json_; }

 private:
  explicit Value(std::string json) : json_{std::move(json)} {}

  std::string json_;
};

using Columns = std::vector<std::pair<std::string, Value>>;

/// "==", "!=", "includes" or "excludes".
struct Condition {
  std::string column;
  std::string function;
  Value value;
};
/// All of them; a look-up by identity is the only one that costs nothing in a large table, and it
/// must come first.
using Where = std::vector<Condition>;
Where is_row(const Uuid& uuid);

/// "insert", "delete", "+=" and the like.
struct Mutation {
  std::string column;
  std::string mutator;
  Value value;
};

/// Holds the transaction back until the columns of the chosen rows are `rows` (or are not).
struct Wait {
  std::string table;
  Where where{};
  std::vector<std::string> columns{};
  bool until_equal = true;
  std::vector<Columns> rows{};
  std::chrono::milliseconds timeout{0};  ///< 0: it must be so now.
};

/// A list of operations that are all done or none. Each function returns the operation's position,
/// under which the Reply tells its outcome.
class Transaction {
 public:
  explicit Transaction(std::string_view database = "Open_vSwitch");

  /// What the log of the server says about it.
  std::size_t comment(std::string_view text);
  std::size_t wait(const Wait& wait);
  /// The row gets the identity `uuid`, if the server is new enough (Open vSwitch 2.17).
  std::size_t insert(std::string_view table, const Uuid& uuid, const Columns& columns);
  std::size_t update(std::string_view table, const Where& where, const Columns& columns);
  std::size_t mutate(
      std::string_view table, const Where& where, const std::vector<Mutation>& mutations);
  std::size_t remove(std::string_view table, const Where& where);
  std::size_t select(
      std::string_view table, const Where& where, const std::vector<std::string>& columns);

  [[nodiscard]] std::size_t size() const noexcept { return operations_.size(); }
  /// How long the server may hold it back.
  [[nodiscard]] std::chrono::milliseconds longest_wait() const noexcept { return longest_wait_; }
  /// True when rows are inserted under identities of ours.
  [[nodiscard]] bool names_rows() const noexcept { return names_rows_; }
  /// The parameters of the "transact" request; without `identities` for servers that choose the
  /// rows' identities themselves.
  [[nodiscard]] std::string params(bool identities) const;

 private:
  struct Operation {
    std::string text;      ///< An object without its closing brace.
    std::string identity;  ///< The member that an old server does not take; often empty.
  };

  std::size_t add(std::string_view op, std::string_view table, const std::string& rest);

  std::string database_;
  std::vector<Operation> operations_;
  std::chrono::milliseconds longest_wait_{0};
  bool names_rows_ = false;
};

}  // namespace patchbay::ovsdb
