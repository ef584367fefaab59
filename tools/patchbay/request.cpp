#include "patchbay/request.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cni/json.h"
#include "cni/keys.h"
#include "cni/result.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The capability arguments that `plugin` declares.
json runtime_config(const json& plugin, const std::string& capabilities) {
  json result = json::object();
  const json* declared = cni::find_member(plugin, "capabilities");
  if (declared == nullptr || !declared->is_object() || capabilities.empty()) {
    return result;
  }
  const json given = json::parse(capabilities);
  for (const auto& [name, value] : given.items()) {
    if (declared->value(name, json{}) == true) {
      result[name] = value;
    }
  }
  return result;
}

json to_json(const std::vector<Owner>& owners) {
  json list = json::array();
  for (const Owner& owner : owners) {
    list.push_back({{"containerID", owner.container_id}, {"ifname", owner.ifname}});
  }
  return list;
}

std::string version_of(const json& result) {
  std::string version;
  cni::Keys::reading(&result, {}).text("cniVersion", version, "");
  return version;
}

}  // namespace

std::string make_request(
    const NetworkList& list, std::size_t plugin, const RequestParts& parts, cni::Version version) {
  json request = *list.plugins.at(plugin);
  const json runtime = runtime_config(request, parts.capabilities);
  request["name"] = list.name;
  request["cniVersion"] = version.str();
  if (!parts.previous.empty()) {
    request["prevResult"] = json::parse(parts.previous);
  }
  if (!runtime.empty()) {
    request["runtimeConfig"] = runtime;
  }
  if (parts.valid_attachments) {
    request["cni.dev/valid-attachments"] = to_json(*parts.valid_attachments);
    request["cni.dev/attachments"] = request["cni.dev/valid-attachments"];
  }
  return dump(request);
}

std::string make_request(const NetworkList& list, std::size_t plugin, const RequestParts& parts) {
  return make_request(list, plugin, parts, list.version);
}

std::string read_result(const std::string& output, cni::Version version) {
  json result = *cni::parse_json(output, "result on stdout");
  if (const std::string own = version_of(result); own.empty()) {
    result["cniVersion"] = version.str();
  } else {
    (void)cni::Version::parse(own);
  }
  return dump(result);
}

std::string convert_result(const std::string& result, cni::Version version) {
  const auto document = cni::parse_json(result, "cached result");
  if (version_of(*document) == version.str()) {
    return result;
  }
  return cni::print(cni::parse_result(*document, version, "cached result"), version);
}

}  // namespace patchbay::runner
