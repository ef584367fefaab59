#include "cni/json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace patchbay::cni {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// nlohmann's message without its "[json.exception...] " tag.
std::string reason(const nlohmann::json::exception& e) {
  const std::string_view text = e.what();
  const auto tag = text.find("] ");
  return quote(tag == std::string_view::npos ? text : text.substr(tag + 2));
}

}  // namespace

std::shared_ptr<const nlohmann::json> parse_json(std::string_view bytes, std::string_view what) {
  const std::string subject{what};
  if (bytes.size() > kDocumentLimit) {
    throw Error{ErrorCode::decoding_failure, subject + ": larger than 16 MiB"};
  }
  const auto bounded = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDepthLimit) {
      throw Error{ErrorCode::decoding_failure, subject + ": nested more than 64 levels deep"};
    }
    return true;
  };
  try {
    auto document = std::make_shared<const nlohmann::json>(
        nlohmann::json::parse(bytes.begin(), bytes.end(), bounded));
    if (!document->is_object()) {
      throw Error{
          ErrorCode::decoding_failure, subject + ": " + excerpt(*document) + " must be an object"};
    }
    return document;
  } catch (const nlohmann::json::exception& e) {
    throw Error{ErrorCode::decoding_failure, subject + ": not JSON: " + reason(e)};
  }
}

const nlohmann::json* find_member(const nlohmann::json& object, std::string_view name) {
  if (!object.is_object()) {
    return nullptr;
  }
  auto found = object.find(name);
  if (found == object.end()) {
    for (found = object.begin(); found != object.end(); ++found) {
      if (same_ignoring_case(found.key(), name)) {
        break;
      }
    }
  }
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string excerpt(const nlohmann::json& value) {
  if (value.is_string()) {
    return quote(value.get_ref<const std::string&>());
  }
  constexpr std::size_t kMost = 200;
  const auto text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
}

}  // namespace patchbay::cni
