#include "config_file.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cni/json.h"

namespace patchbay::ovs {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 2> kPlaces{
    "/etc/kubernetes/cni/net.d/ovs.d/ovs.conf", "/etc/cni/net.d/ovs.d/ovs.conf"};

/// The zero value of its Go type.
bool is_open(const json& value) {
  if (value.is_string()) {
    return value.get_ref<const std::string&>().empty();
  }
  return value.is_null() || value == false || value == 0 ||
         (value.is_structured() && value.empty());
}

/// The key under which `object` has `name`, in whatever letter case.
std::string spelling_in(const json& object, const std::string& name) {
  const json* member = cni::find_member(object, name);
  for (const auto& [key, value] : object.items()) {
    if (&value == member) {
      return key;
    }
  }
  return name;
}

void complete(json& object, const json& file) {
  for (const auto& [name, value] : file.items()) {
    json& mine = object[spelling_in(object, name)];
    if (is_open(mine)) {
      mine = value;
    } else if (mine.is_object() && value.is_object()) {
      complete(mine, value);
    }
  }
}

struct File {
  std::string path;
  std::string bytes;
};

std::optional<File> find_first(const std::string& path) {
  if (!path.empty() && !path.starts_with('/')) {
    throw Error{
        ErrorCode::invalid_config,
        "configuration_path: " + quote(path) + " must be an absolute path"};
  }
  for (const std::string& place : {path, std::string{kPlaces[0]}, std::string{kPlaces[1]}}) {
    auto bytes = place.empty() ? std::nullopt : find_file(place);
    if (bytes) {
      return File{place, std::move(*bytes)};
    }
  }
  return std::nullopt;
}

}  // namespace

cni::Config completed(const cni::Config& config, const std::string& path) {
  const auto file = find_first(path);
  if (!file) {
    return config;
  }
  json document = *cni::parse_json(config.bytes(), "configuration");
  complete(document, *cni::parse_json(file->bytes, "configuration_path " + quote(file->path)));
  return cni::Config::parse(document.dump());
}

}  // namespace patchbay::ovs
