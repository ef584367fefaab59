#include "patchbay/known_keys.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cni/json.h"
#include "patchbay/spelling.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

std::string unknown(const std::string& key, const json& properties) {
  std::vector<std::string> known;
  for (const auto& property : properties.items()) {
    known.push_back(property.key());
  }
  const auto meant = closest(key, known);
  return "unknown key " + quote(key) + (meant ? "; did you mean " + quote(*meant) + "?" : "");
}

}  // namespace

void find_unknown_keys(
    const json& object,
    const json& schema,
    const std::string& path,
    const std::function<void(const std::string& path, const std::string& message)>& report) {
  const auto properties = schema.find("properties");
  const auto items = schema.find("items");
  if (object.is_object() && properties != schema.end()) {
    for (const auto& [key, value] : object.items()) {
      const std::string place = path.empty() ? key : path + "." + key;
      const json* known = cni::find_member(*properties, key);
      if (known == nullptr) {
        report(place, unknown(key, *properties));
      } else {
        find_unknown_keys(value, *known, place, report);
      }
    }
  } else if (object.is_array() && items != schema.end()) {
    std::size_t position = 0;
    for (const json& item : object) {
      find_unknown_keys(item, *items, path + "[" + std::to_string(position++) + "]", report);
    }
  }
}

}  // namespace patchbay::runner
