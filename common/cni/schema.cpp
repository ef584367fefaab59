#include <nlohmann/json.hpp>

#include "cni/plugin.h"

namespace patchbay::cni {

std::string schema(const Plugin& plugin) {
  nlohmann::json schema{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", plugin.name},
      {"description", plugin.about},
      {"type", "object"}};
  Keys keys = Keys::describing(schema);
  std::string text;
  keys.text("cniVersion", text, "version of the CNI spec; 0.1.0 when absent");
  keys.text("name", text, "name of the network");
  keys.required("name");
  keys.text("type", text, "name of the plugin's executable");
  schema["properties"]["cniVersion"]["enum"] =
      std::vector<std::string>(kVersions.begin(), kVersions.end());
  if (plugin.declare != nullptr) {
    plugin.declare(keys);
  }
  return schema.dump(2);
}

}  // namespace patchbay::cni
