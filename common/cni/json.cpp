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

/// How many arrays and objects are open at once, at the most. What is no JSON gets some number.
std::size_t depth_of(std::string_view bytes) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      i += c == '\\' ? 1 : 0;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
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
  if (depth_of(bytes) > kDepthLimit) {
    throw Error{ErrorCode::decoding_failure, subject + ": nested more than 64 levels deep"};
  }
  try {
    auto document =
        std::make_shared<const nlohmann::json>(nlohmann::json::parse(bytes.begin(), bytes.end()));
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
  const auto& members = object.get_ref<const nlohmann::json::object_t&>();
  auto found = members.find(name);
  if (found == members.end()) {
    found = std::find_if(members.begin(), members.end(), [&](const auto& member) {
      return same_ignoring_case(member.first, name);
    });
  }
  return found == members.end() || found->second.is_null() ? nullptr : &found->second;
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
