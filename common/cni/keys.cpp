#include "cni/keys.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cni/json.h"

namespace patchbay::cni {

namespace {

using nlohmann::json;

const char* name_of(Format format) {
  switch (format) {
    case Format::ifname:
      return "interface-name";
    case Format::ip:
      return "ip-address";
    case Format::cidr:
      return "cidr";
    case Format::mac:
      return "mac-address";
    case Format::path:
      return "path";
    case Format::text:
      break;
  }
  return nullptr;
}

[[noreturn]] void wrong_type(const std::string& path, const json& value, std::string_view wanted) {
  throw Error{
      ErrorCode::decoding_failure,
      path + ": " + excerpt(value) + " must be " + std::string{wanted}};
}

const std::string& as_text(const json& value, const std::string& path) {
  if (!value.is_string()) {
    wrong_type(path, value, "a string");
  }
  return value.get_ref<const std::string&>();
}

const json& as_array(const json& value, const std::string& path) {
  if (!value.is_array()) {
    wrong_type(path, value, "an array");
  }
  return value;
}

const json& as_object(const json& value, const std::string& path) {
  if (!value.is_object()) {
    wrong_type(path, value, "an object");
  }
  return value;
}

/// libcni carries numbers as doubles, so 1500.0 and 1.5e3 are integers too.
bool is_integer(const json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    return std::abs(number) < 9e15 && std::trunc(number) == number;
  }
  return value.is_number_integer();
}

bool fits(const json& value, Bounds bounds) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return bounds.most >= 0 && number <= static_cast<std::uint64_t>(bounds.most) &&
           (bounds.least <= 0 || number >= static_cast<std::uint64_t>(bounds.least));
  }
  const auto number = value.get<std::int64_t>();
  return bounds.least <= number && number <= bounds.most;
}

void parse_text(const json& value, const std::string& path, const Keys::Text& parse) {
  const std::string& text = as_text(value, path);
  try {
    parse(text);
  } catch (const Error& e) {
    throw Error{e.code(), path + ": " + e.what(), e.details()};
  }
}

std::string element(const std::string& path, std::size_t position) {
  return path + "[" + std::to_string(position) + "]";
}

}  // namespace

Keys Keys::reading(const json* object, std::string path) {
  return {object, nullptr, std::move(path)};
}

Keys Keys::describing(json& schema) {
  return {nullptr, &schema, {}};
}

std::string Keys::path_of(std::string_view name) const {
  return path_.empty() ? std::string{name} : path_ + "." + std::string{name};
}

const json* Keys::find(std::string_view name) const {
  return object_ == nullptr ? nullptr : find_member(*object_, name);
}

bool Keys::has(std::string_view name) const {
  return find(name) != nullptr;
}

json& Keys::describe(std::string_view name, const char* type, std::string_view help) {
  json& described = (*schema_)["properties"][std::string{name}];
  if (type != nullptr) {
    described["type"] = type;
  }
  described["description"] = help;
  return described;
}

void Keys::flag(std::string_view name, bool& target, std::string_view help) {
  if (schema_ != nullptr) {
    describe(name, "boolean", help)["default"] = target;
  } else if (const json* value = find(name)) {
    if (!value->is_boolean()) {
      wrong_type(path_of(name), *value, "true or false");
    }
    target = value->get<bool>();
  }
}

void Keys::text(std::string_view name, std::string& target, std::string_view help) {
  if (schema_ != nullptr) {
    json& described = describe(name, "string", help);
    if (!target.empty()) {
      described["default"] = target;
    }
  } else if (const json* value = find(name)) {
    target = as_text(*value, path_of(name));
  }
}

void Keys::choice(
    std::string_view name,
    std::string& target,
    std::initializer_list<std::string_view> allowed,
    std::string_view help) {
  text(name, target, help);
  if (schema_ != nullptr) {
    (*schema_)["properties"][std::string{name}]["enum"] =
        std::vector<std::string>(allowed.begin(), allowed.end());
    return;
  }
  if (!has(name) || std::find(allowed.begin(), allowed.end(), target) != allowed.end()) {
    return;
  }
  std::string message = path_of(name) + ": " + quote(target) + " must be one of";
  for (const auto word : allowed) {
    message += (word == *allowed.begin() ? " \"" : ", \"") + std::string{word} + "\"";
  }
  throw Error{ErrorCode::invalid_config, message};
}

std::int64_t Keys::read_number(const json& value, std::string_view name, Bounds bounds) {
  const std::string wanted =
      "an integer from " + std::to_string(bounds.least) + " to " + std::to_string(bounds.most);
  if (!value.is_number()) {
    wrong_type(path_of(name), value, wanted);
  }
  if (!is_integer(value) || !fits(value, bounds)) {
    throw Error{
        ErrorCode::invalid_config, path_of(name) + ": " + excerpt(value) + " must be " + wanted};
  }
  return value.get<std::int64_t>();
}

void Keys::number(
    std::string_view name,
    std::optional<std::uint32_t>& target,
    Bounds bounds,
    std::string_view help) {
  if (schema_ != nullptr) {
    json& described = describe(name, "integer", help);
    described["minimum"] = bounds.least;
    described["maximum"] = bounds.most;
    if (target) {
      described["default"] = *target;
    }
  } else if (const json* value = find(name)) {
    target = static_cast<std::uint32_t>(read_number(*value, name, bounds));
  }
}

void Keys::number(
    std::string_view name, std::uint64_t& target, Bounds bounds, std::string_view help) {
  if (schema_ != nullptr) {
    json& described = describe(name, "integer", help);
    described["minimum"] = bounds.least;
    described["maximum"] = bounds.most;
  } else if (const json* value = find(name)) {
    target = static_cast<std::uint64_t>(read_number(*value, name, bounds));
  }
}

void Keys::number(
    std::string_view name, std::uint32_t& target, Bounds bounds, std::string_view help) {
  std::optional<std::uint32_t> value{target};
  number(name, value, bounds, help);
  target = value.value_or(target);
}

void Keys::number_or(
    std::string_view name,
    std::uint32_t& target,
    Bounds bounds,
    std::pair<std::string_view, bool&> word,
    std::string_view help) {
  if (schema_ != nullptr) {
    describe(name, nullptr, help)["oneOf"] = {
        {{"type", "integer"}, {"minimum", bounds.least}, {"maximum", bounds.most}},
        {{"const", word.first}}};
    return;
  }
  const json* value = find(name);
  word.second = value != nullptr && value->is_string() && *value == word.first;
  if (value == nullptr || word.second) {
    return;
  }
  if (!value->is_number()) {
    wrong_type(
        path_of(name),
        *value,
        "an integer from " + std::to_string(bounds.least) + " to " + std::to_string(bounds.most) +
            ", or \"" + std::string{word.first} + "\"");
  }
  target = static_cast<std::uint32_t>(read_number(*value, name, bounds));
}

void Keys::parsed(std::string_view name, Format format, const Text& parse, std::string_view help) {
  if (schema_ != nullptr) {
    json& described = describe(name, "string", help);
    if (const char* known = name_of(format)) {
      described["format"] = known;
    }
  } else if (const json* value = find(name)) {
    parse_text(*value, path_of(name), parse);
  }
}

void Keys::texts(std::string_view name, Format format, const Text& parse, std::string_view help) {
  if (schema_ != nullptr) {
    json& items = describe(name, "array", help)["items"];
    items["type"] = "string";
    if (const char* known = name_of(format)) {
      items["format"] = known;
    }
    return;
  }
  const json* value = find(name);
  if (value == nullptr) {
    return;
  }
  const std::string path = path_of(name);
  std::size_t position = 0;
  for (const json& item : as_array(*value, path)) {
    parse_text(item, element(path, position++), parse);
  }
}

void Keys::map(
    std::string_view name, std::map<std::string, std::string>& target, std::string_view help) {
  if (schema_ != nullptr) {
    describe(name, "object", help)["additionalProperties"] = {{"type", "string"}};
  } else if (const json* value = find(name)) {
    const std::string path = path_of(name);
    for (const auto& [key, text] : as_object(*value, path).items()) {
      target[key] = as_text(text, path + "." + key);
    }
  }
}

void Keys::object(std::string_view name, const Member& members, std::string_view help) {
  if (schema_ != nullptr) {
    Keys nested = describing(describe(name, "object", help));
    members(nested);
    return;
  }
  const json* value = find(name);
  Keys nested =
      reading(value == nullptr ? nullptr : &as_object(*value, path_of(name)), path_of(name));
  members(nested);
}

void Keys::objects(std::string_view name, const Member& item, std::string_view help) {
  if (schema_ != nullptr) {
    json& items = describe(name, "array", help)["items"];
    items["type"] = "object";
    Keys nested = describing(items);
    item(nested);
    return;
  }
  const json* value = find(name);
  if (value == nullptr) {
    return;
  }
  const std::string path = path_of(name);
  std::size_t position = 0;
  for (const json& one : as_array(*value, path)) {
    const std::string place = element(path, position++);
    Keys nested = reading(&as_object(one, place), place);
    item(nested);
  }
}

void Keys::nested_objects(
    std::string_view name,
    const std::function<void()>& begin,
    const Member& item,
    std::string_view help) {
  if (schema_ != nullptr) {
    begin();
    json inner;
    Keys describing_inner = describing(inner);
    describing_inner.objects("items", item, "");
    json& outer = describe(name, "array", help)["items"];
    outer = inner["properties"]["items"];
    outer.erase("description");
    return;
  }
  const json* value = find(name);
  if (value == nullptr) {
    return;
  }
  const std::string path = path_of(name);
  std::size_t position = 0;
  for (const json& one : as_array(*value, path)) {
    begin();
    const std::string place = element(path, position++);
    std::size_t inner = 0;
    for (const json& entry : as_array(one, place)) {
      const std::string inner_place = element(place, inner++);
      Keys nested = reading(&as_object(entry, inner_place), inner_place);
      item(nested);
    }
  }
}

void Keys::required(std::string_view name) {
  if (schema_ != nullptr) {
    (*schema_)["required"].push_back(name);
  } else if (object_ != nullptr && !has(name)) {
    throw Error{ErrorCode::invalid_config, path_of(name) + ": missing, but required"};
  }
}

}  // namespace patchbay::cni
