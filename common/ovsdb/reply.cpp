#include "ovsdb/reply.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace patchbay::ovsdb {

namespace {

using nlohmann::json;

[[noreturn]] void malformed(const json& value) {
  throw Error{
      ErrorCode::decoding_failure,
      "read the reply of ovsdb-server: unexpected " +
          quote(value.dump(-1, ' ', true, json::error_handler_t::replace))};
}

/// True for what RFC 7047 writes as [tag, payload].
bool is_tagged(const json& value, std::string_view tag) {
  return value.is_array() && value.size() == 2 && value[0] == tag;
}

std::string member_text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Uuid read_uuid(const json& value) {
  if (is_tagged(value, "uuid") && value[1].is_string()) {
    if (const auto uuid = Uuid::find(value[1].get_ref<const std::string&>())) {
      return *uuid;
    }
  }
  malformed(value);
}

/// The words of RFC 7047 (3.1, 4.1.3) and ovsdb-server for what passes by itself.
bool is_passing(std::string_view error) {
  constexpr std::array<std::string_view, 7> kPassing{
      "timed out",
      "resources exhausted",
      "I/O error",
      "aborted",
      "canceled",
      "not leader",
      "disconnected"};
  return std::find(kPassing.begin(), kPassing.end(), error) != kPassing.end();
}

std::optional<Refusal> find_refusal(const json& results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].is_object() && results[i].contains("error")) {
      return Refusal{i, member_text(results[i], "error"), member_text(results[i], "details")};
    }
  }
  return std::nullopt;
}

}  // namespace

void Refusal::raise(std::string_view what) const {
  throw Error{
      is_passing(error) ? ErrorCode::try_again_later : ErrorCode::io_failure,
      std::string{what} + ": " + error + (details.empty() ? "" : " (" + details + ")")};
}

std::vector<json> Row::atoms(std::string_view column) const {
  const auto found = columns_->find(column);
  if (found == columns_->end()) {
    return {};
  }
  if (!is_tagged(*found, "set")) {
    return {*found};  // a set of one is written as its member
  }
  if (!(*found)[1].is_array()) {
    malformed(*found);
  }
  return (*found)[1].get<std::vector<json>>();
}

std::optional<std::string> Row::text(std::string_view column) const {
  const auto values = atoms(column);
  if (values.empty()) {
    return std::nullopt;
  }
  if (!values.front().is_string()) {
    malformed(values.front());
  }
  return values.front().get<std::string>();
}

std::vector<std::int64_t> Row::numbers(std::string_view column) const {
  std::vector<std::int64_t> numbers;
  for (const auto& value : atoms(column)) {
    if (!value.is_number_integer()) {
      malformed(value);
    }
    numbers.push_back(value.get<std::int64_t>());
  }
  return numbers;
}

std::optional<std::int64_t> Row::number(std::string_view column) const {
  const auto values = numbers(column);
  return values.empty() ? std::nullopt : std::optional{values.front()};
}

bool Row::flag(std::string_view column) const {
  const auto values = atoms(column);
  return !values.empty() && values.front() == true;
}

std::map<std::string, std::string> Row::map(std::string_view column) const {
  const auto found = columns_->find(column);
  if (found == columns_->end()) {
    return {};
  }
  if (!is_tagged(*found, "map") || !(*found)[1].is_array()) {
    malformed(*found);
  }
  std::map<std::string, std::string> pairs;
  for (const auto& pair : (*found)[1]) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      malformed(pair);
    }
    pairs.emplace(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  return pairs;
}

std::vector<Uuid> Row::rows(std::string_view column) const {
  std::vector<Uuid> rows;
  for (const auto& value : atoms(column)) {
    rows.push_back(read_uuid(value));
  }
  return rows;
}

Uuid Row::uuid() const {
  const auto own = rows("_uuid");
  if (own.size() != 1) {
    malformed(*columns_);
  }
  return own.front();
}

/// Operations after a failed one are answered by null; what fails only when everything is committed
/// is told by one element more.
Reply Reply::parse(std::string_view text, std::size_t operations) {
  Reply reply;
  auto results = std::make_shared<json>(json::parse(text, nullptr, false));
  if (!results->is_array() || results->size() > operations + 1) {
    malformed(*results);
  }
  reply.refusal_ = find_refusal(*results);
  const bool complete =
      results->size() == operations &&
      std::all_of(results->begin(), results->end(), [](const json& e) { return e.is_object(); });
  if (!reply.refusal_ && !complete) {
    malformed(*results);
  }
  reply.results_ = std::move(results);
  return reply;
}

std::size_t Reply::count(std::size_t operation) const {
  const json& result = results_->at(operation);
  const auto found = result.find("count");
  if (found == result.end() || !found->is_number_unsigned()) {
    malformed(result);
  }
  return found->get<std::size_t>();
}

std::vector<Row> Reply::rows(std::size_t operation) const {
  const json& result = results_->at(operation);
  const auto found = result.find("rows");
  if (found == result.end() || !found->is_array()) {
    malformed(result);
  }
  std::vector<Row> rows;
  for (const auto& row : *found) {
    if (!row.is_object()) {
      malformed(row);
    }
    rows.emplace_back(std::make_shared<const json>(row));
  }
  return rows;
}

Uuid Reply::inserted(std::size_t operation) const {
  const json& result = results_->at(operation);
  const auto found = result.find("uuid");
  if (found == result.end()) {
    malformed(result);
  }
  return read_uuid(*found);
}

}  // namespace patchbay::ovsdb
