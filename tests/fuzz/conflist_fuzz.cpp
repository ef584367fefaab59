// Any bytes as a conflist: Error is the worst that may come of it. What is accepted is the same
// network when the cache gives it back, and makes configurations that a plugin can read.

#include <string>

#include <nlohmann/json.hpp>

#include "cni/config.h"
#include "cni/json.h"
#include "fuzz/input.h"
#include "patchbay/known_keys.h"
#include "patchbay/network_list.h"
#include "patchbay/places.h"
#include "patchbay/request.h"

namespace patchbay::runner {
namespace {

using fuzz::attempt;
using fuzz::require;

constexpr const char* kFile = "/etc/cni/net.d/10-net.conflist";
constexpr const char* kCapabilities = R"({"portMappings": [{"hostPort": 80}], "mac": "x"})";

const nlohmann::json& schema() {
  static const auto schema = nlohmann::json::parse(R"({"properties": {"type": {}, "ipam":
      {"properties": {"ranges": {"items": {"items": {"properties": {"subnet": {}}}}}}}}})");
  return schema;
}

void check_place(const std::string& bytes, const std::optional<Place>& place) {
  require(!place || (place->line >= 1 && place->column >= 1), "lines and columns count from 1");
  require(!place || place->column <= bytes.size() + 1, "a place is in the text");
}

void use_places(const std::string& bytes) {
  const Places places{bytes};
  check_place(bytes, places.fault());
  for (const char* path : {"name", "plugins[0].type", "plugins[1].ipam.ranges[0][0].subnet"}) {
    check_place(bytes, places.find(path));
    (void)located(kFile, bytes, std::string{path} + ": is wrong");
  }
}

void use_plugin(const NetworkList& list, std::size_t plugin) {
  (void)list.type(plugin);
  find_unknown_keys(
      *list.plugins[plugin],
      schema(),
      list.origins[plugin].path,
      [](const std::string& path, const std::string&) {
        require(!path.empty(), "a key has a path");
      });
  const auto request = cni::parse_json(
      make_request(list, plugin, {.previous = "{}", .capabilities = kCapabilities}), "request");
  require(request->at("name") == list.name, "a plugin is told its network");
  require(request->at("cniVersion") == list.version.str(), "and the version");
}

void use(const std::string& bytes) {
  const NetworkList list = parse_conflist(bytes, kFile, {});
  const NetworkList again = parse_conflist(list.bytes, kFile, {});
  require(again.name == list.name && again.version == list.version, "the cache keeps the network");
  require(
      again.check_disabled == list.check_disabled && again.gc_disabled == list.gc_disabled,
      "the cache keeps what is disabled");
  require(again.plugins.size() == list.plugins.size(), "the cache keeps the plugins");
  require(list.origins.size() == list.plugins.size(), "every plugin comes from somewhere");
  for (std::size_t plugin = 0; plugin < list.plugins.size(); ++plugin) {
    require(*again.plugins[plugin] == *list.plugins[plugin], "the cache keeps every plugin");
    use_plugin(list, plugin);
  }
}

}  // namespace
}  // namespace patchbay::runner

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  const std::string bytes{reinterpret_cast<const char*>(data), size};
  runner::use_places(bytes);
  fuzz::attempt([&] { runner::use(bytes); });
  fuzz::attempt([&] { (void)runner::read_result(bytes, cni::Version::newest()); });
  return 0;
}
