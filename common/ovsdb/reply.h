#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/uuid.h"

namespace patchbay::ovsdb {

/// Why the server did nothing of a transaction.
struct Refusal {
  std::size_t operation;  ///< Its position; the number of operations when they failed together.
  std::string error;      ///< RFC 7047's word for it: "timed out", "constraint violation".
  std::string details;    ///< The server's own words; may be empty.

  /// Throws Error, `what` telling what was attempted: try_again_later for what may pass, io_failure
  /// for the rest.
  [[noreturn]] void raise(std::string_view what) const;
};

/// A selected row. A column that was not asked for, or is an empty set, is absent. Throws
/// Error{decoding_failure} for a column of another type.
class Row {
 public:
  explicit Row(std::shared_ptr<const nlohmann::json> columns) : columns_{std::move(columns)} {}

  [[nodiscard]] std::optional<std::string> text(std::string_view column) const;
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view column) const;
  [[nodiscard]] bool flag(std::string_view column) const;  ///< False when absent.
  [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view column) const;
  /// Empty when absent, as the following.
  [[nodiscard]] std::map<std::string, std::string> map(std::string_view column) const;
  /// The rows that a column refers to.
  [[nodiscard]] std::vector<Uuid> rows(std::string_view column) const;
  /// Its own identity: the column "_uuid".
  [[nodiscard]] Uuid uuid() const;

 private:
  [[nodiscard]] std::vector<nlohmann::json> atoms(std::string_view column) const;

  std::shared_ptr<const nlohmann::json> columns_;
};

/// The answer to a transaction.
class Reply {
 public:
  /// Reads the "result" that answers `operations` operations, every element of it and the one that
  /// a failed commit adds. Throws Error{decoding_failure} for what is no such answer.
  static Reply parse(std::string_view text, std::size_t operations);

  /// Why nothing was done; nullopt when all was.
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept { return refusal_; }
  /// The rows that an update, mutation or deletion concerned.
  [[nodiscard]] std::size_t count(std::size_t operation) const;
  /// The rows that a selection found.
  [[nodiscard]] std::vector<Row> rows(std::size_t operation) const;
  /// The identity of an inserted row.
  [[nodiscard]] Uuid inserted(std::size_t operation) const;

 private:
  Reply() = default;

  std::shared_ptr<const nlohmann::json> results_;
  std::optional<Refusal> refusal_;
};

}  // namespace patchbay::ovsdb
