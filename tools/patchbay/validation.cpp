#include "patchbay/validation.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cni/json.h"
#include "patchbay/known_keys.h"
#include "patchbay/plugin_call.h"
#include "patchbay/request.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

/// The keys of a conflist (CNI spec, "Configuration format"); podman adds "args".
const json& list_schema() {
  static const json schema = [] {
    json properties = json::object();
    for (const char* key :
         {"cniVersion",
          "cniVersions",
          "name",
          "disableCheck",
          "disableGC",
          "loadOnlyInlinedPlugins",
          "plugins",
          "args"}) {
      properties[key] = json::object();
    }
    return json{{"properties", properties}};
  }();
  return schema;
}

/// What a plugin says about itself.
struct Portrait {
  std::vector<std::string> versions;
  json schema;  ///< Null when it prints none.

  [[nodiscard]] bool supports(cni::Version version) const {
    return std::find(versions.begin(), versions.end(), version.str()) != versions.end();
  }
  /// Whoever can be told its MAC address makes it.
  [[nodiscard]] bool makes_interface() const {
    return schema.contains(json::json_pointer{"/properties/runtimeConfig/properties/mac"});
  }
};

PluginCall question(const Site& site, const std::string& type, const std::string& key) {
  return {
      .command = "VERSION",
      .type = type,
      .key = key,
      .plugin_path = site.plugin_path,
      .timeout = site.timeout,
      .environment = {
          {"CNI_CONTAINERID", ""},
          {"CNI_NETNS", "dummy"},
          {"CNI_IFNAME", "dummy"},
          {"CNI_ARGS", ""}}};
}

/// Plugins of other suites answer to VERSION and know nothing of --schema.
json ask_schema(PluginCall call) {
  call.arguments = {"--schema"};
  json schema = json::parse(call_plugin(call, R"({"cniVersion":"1.0.0"})"), nullptr, false);
  return schema.is_object() && schema.contains("properties") ? schema : json{};
}

std::vector<std::string> ask_versions(const PluginCall& call) {
  const auto answer =
      cni::parse_json(call_plugin(call, R"({"cniVersion":"1.0.0"})"), "answer to VERSION");
  const json* versions = cni::find_member(*answer, "supportedVersions");
  try {
    return versions == nullptr ? std::vector<std::string>{"0.1.0", "0.2.0"}
                               : versions->get<std::vector<std::string>>();
  } catch (const json::exception&) {
    throw Error{
        ErrorCode::decoding_failure,
        "supportedVersions: " + cni::excerpt(*versions) + " must be an array of versions"};
  }
}

/// Looks at one file.
class Examination {
 public:
  Examination(std::string file, const Site& site)
      : file_{std::move(file)},
        site_{site},
        origin_{file_, {}} {}

  std::vector<Finding> run();

 private:
  void examine(const NetworkList& list);
  void examine_plugin(const NetworkList& list, std::size_t plugin);
  void examine_keys(const json& config, json schema, const json& ipam_schema);
  void examine_capabilities(const json& config, const json& properties);
  void examine_interface(const NetworkList& list, std::size_t plugin, bool has_addresses);
  void examine_reserved(const NetworkList& list, std::size_t plugin);
  void ask_status(const NetworkList& list, std::size_t plugin);
  std::optional<Portrait> ask(
      const std::string& type, const std::string& key, cni::Version version);
  /// About a key of the plugin that is being examined, or of the list before the first one.
  void report(const std::string& key, const std::string& message, bool is_warning = false);
  void add(Finding finding);

  std::string file_;
  std::string bytes_;
  const Site& site_;
  NetworkList::Origin origin_;        ///< Of what is being examined.
  std::optional<std::size_t> maker_;  ///< The first plugin that makes the container's interface.
  std::vector<Finding> findings_;
};

std::string path_of(std::size_t plugin) {
  return "plugins[" + std::to_string(plugin) + "]";
}

/// An error of the list reader begins with file and place already.
Finding to_finding(const std::string& file, const std::string& bytes, std::string message) {
  const std::string with_file = file + ":";
  if (message.compare(0, with_file.size(), with_file) != 0) {
    return {.file = file, .place = std::nullopt, .message = message};
  }
  const auto text = message.find(": ");
  message.erase(0, text + 2);
  return {.file = file, .place = locate(bytes, message), .message = message};
}

std::vector<Finding> Examination::run() {
  std::string extension = std::filesystem::path{file_}.extension();
  if (extension != ".conflist" && extension != ".conf" && extension != ".json") {
    add(
        {.file = file_,
         .place = std::nullopt,
         .message = "runtimes read only *.conflist, *.conf and *.json"});
  }
  try {
    bytes_ = find_file(file_).value_or(std::string{});
    examine(read_network_list(file_));
  } catch (const Error& e) {  // is a finding
    add(to_finding(file_, bytes_, e.what()));
  }
  return std::move(findings_);
}

void Examination::add(Finding finding) {
  finding.examined = file_;
  findings_.push_back(std::move(finding));
}

void Examination::report(const std::string& key, const std::string& message, bool is_warning) {
  const std::string path = origin_.path_of(key);
  add(
      {.file = origin_.file,
       .place = locate(bytes_, path + ": "),
       .message = path.empty() ? message : path + ": " + message,
       .is_warning = is_warning});
}

void Examination::examine(const NetworkList& list) {
  const auto document = cni::parse_json(bytes_, "network configuration");
  const bool is_single = cni::find_member(*document, "type") != nullptr;
  if (!is_single || cni::find_member(*document, "plugins") != nullptr) {
    find_unknown_keys(
        *document, list_schema(), {}, [&](const std::string& path, const std::string& message) {
          report(path, message);
        });
  }
  for (std::size_t plugin = 0; plugin < list.plugins.size(); ++plugin) {
    origin_ = list.origins[plugin];
    bytes_ = find_file(origin_.file).value_or(std::string{});
    examine_reserved(list, plugin);
    examine_plugin(list, plugin);
  }
}

void Examination::examine_reserved(const NetworkList& list, std::size_t plugin) {
  for (const auto& [key, value] : list.plugins[plugin]->items()) {
    if (key == "prevResult" || key == "runtimeConfig" || key.rfind("cni.dev/", 0) == 0) {
      report(key, "reserved for the runtime, which sets it");
    } else if (key == "name" && value != list.name) {
      report(key, cni::excerpt(value) + " contradicts the network's name " + quote(list.name));
    } else if (key == "cniVersion" && value != list.version.str()) {
      report(
          key,
          cni::excerpt(value) + " is ignored: the network's version is " +
              quote(list.version.str()),
          true);
    }
  }
}

void Examination::examine_plugin(const NetworkList& list, std::size_t plugin) {
  const json& config = *list.plugins[plugin];
  const auto portrait = ask(list.type(plugin), "type", list.version);
  const json* ipam = cni::find_member(config, "ipam");
  const json* ipam_type = ipam == nullptr ? nullptr : cni::find_member(*ipam, "type");
  json ipam_schema{{"properties", json::object()}};  // without a type, there are no further keys
  bool delegate_works = true;
  const std::string ipam_name =
      ipam_type != nullptr && ipam_type->is_string() ? ipam_type->get<std::string>() : "";
  if (!ipam_name.empty()) {
    const auto delegate = ask(ipam_name, "ipam.type", list.version);
    delegate_works = delegate.has_value();
    ipam_schema = delegate ? delegate->schema : json{};
  }
  if (!portrait || !delegate_works) {
    return;
  }
  if (portrait->schema.is_null()) {
    report("", quote(list.type(plugin)) + " has no --schema: its keys are not checked", true);
  } else {
    examine_keys(config, portrait->schema, ipam_schema);
    if (portrait->makes_interface()) {
      examine_interface(list, plugin, !ipam_name.empty());
    }
  }
  if (portrait->supports(cni::Version::with_gc_and_status())) {
    ask_status(list, plugin);
  }
}

/// The keys of the plugin and those that its IPAM plugin reads out of the same object.
void Examination::examine_keys(const json& config, json schema, const json& ipam_schema) {
  json& properties = schema["properties"];
  if (ipam_schema.is_object()) {
    properties.merge_patch(ipam_schema["properties"]);
  } else if (properties.contains("ipam")) {
    properties["ipam"] = json::object();
    properties["runtimeConfig"] = json::object();
  }
  examine_capabilities(config, properties);
  for (const char* key : {"capabilities", "args", "runtimeConfig", "prevResult"}) {
    properties[key] = json::object();  // the runtime's and anybody's
  }
  find_unknown_keys(config, schema, {}, [&](const std::string& path, const std::string& message) {
    if (path.find("cni.dev/") == std::string::npos) {
      report(path, message);
    }
  });
}

/// What a plugin does not read is of no use to it; what is not true does not reach it.
void Examination::examine_capabilities(const json& config, const json& properties) {
  const json* declared = cni::find_member(config, "capabilities");
  if (declared == nullptr) {
    return;
  }
  const std::string path = "capabilities";
  if (!declared->is_object()) {
    report(path, cni::excerpt(*declared) + " must be an object");
    return;
  }
  for (const auto& [name, value] : declared->items()) {
    if (!value.is_boolean()) {
      report(path + "." + name, cni::excerpt(value) + " must be true or false");
    }
  }
  find_unknown_keys(
      *declared,
      properties.value("runtimeConfig", json::object()),
      path,
      [&](const std::string& place, const std::string& message) { report(place, message, true); });
}

void Examination::examine_interface(
    const NetworkList& list, std::size_t plugin, bool has_addresses) {
  if (!has_addresses && list.version < cni::Version::with_interfaces()) {
    report(
        "",
        "cniVersion " + std::string{list.version.str()} +
            " cannot express its result, which has no addresses");
  }
  const json* makes_none = cni::find_member(*list.plugins[plugin], "disableContainerInterface");
  if (makes_none != nullptr && *makes_none == true) {
    return;
  }
  if (maker_) {
    report(
        "type",
        quote(list.type(plugin)) + " makes the interface that " + path_of(*maker_) +
            " has made before");
  }
  maker_ = maker_.value_or(plugin);
}

std::optional<Portrait> Examination::ask(
    const std::string& type, const std::string& key, cni::Version version) {
  const PluginCall call = question(site_, type, key);
  try {
    Portrait portrait{ask_versions(call), ask_schema(call)};
    if (!portrait.supports(version)) {
      throw Error{
          ErrorCode::incompatible_version,
          quote(type) + " does not speak CNI " + std::string{version.str()}};
    }
    return portrait;
  } catch (const Error& e) {  // is a finding
    const std::string message = e.what();
    const bool with_key = message.compare(0, key.size() + 2, key + ": ") == 0;
    report(key, with_key ? message.substr(key.size() + 2) : message);
    return std::nullopt;
  }
}

/// The plugin itself knows best which values go together, and whether it could work now.
void Examination::ask_status(const NetworkList& list, std::size_t plugin) {
  const std::string& type = list.type(plugin);
  PluginCall call = question(site_, type, "type");
  call.command = "STATUS";
  call.environment = {
      {"CNI_CONTAINERID", ""}, {"CNI_NETNS", ""}, {"CNI_IFNAME", ""}, {"CNI_ARGS", ""}};
  try {
    (void)call_plugin(call, make_request(list, plugin, {}, cni::Version::with_gc_and_status()));
  } catch (const Error& e) {  // is a finding
    std::string message = e.what();
    const std::string prefix = call.who() + ": ";
    if (message.compare(0, prefix.size(), prefix) == 0) {
      message.erase(0, prefix.size());
    }
    const std::string& within = origin_.path;
    add(
        {.file = origin_.file,
         .place = locate(bytes_, message, within),
         .message = within.empty() ? message : within + ": " + message});
  }
}

/// Of two networks with one name, runtimes see the first.
void find_shared_names(const std::vector<std::string>& files, std::vector<Finding>& findings) {
  std::map<std::string, std::string> first_file;
  for (const std::string& file : files) {
    try {
      const NetworkList list = read_network_list(file);
      const auto [first, is_first] = first_file.emplace(list.name, file);
      std::error_code error;
      if (!is_first && !std::filesystem::equivalent(first->second, file, error)) {
        findings.push_back(
            {.file = file,
             .place = locate(find_file(file).value_or(""), "name: "),
             .message =
                 "name: " + quote(list.name) + " is the network of " + first->second + " too",
             .examined = file});
      }
    } catch (const Error&) {  // was found before
    }
  }
}

}  // namespace

std::string Finding::str() const {
  const std::string where =
      place ? ":" + std::to_string(place->line) + ":" + std::to_string(place->column) : "";
  return file + where + ": " + (is_warning ? "warning: " : "") + message;
}

std::vector<Finding> validate(const std::vector<std::string>& files, const Site& site) {
  std::vector<Finding> findings;
  for (const std::string& file : files) {
    const auto found = Examination{file, site}.run();
    findings.insert(findings.end(), found.begin(), found.end());
  }
  find_shared_names(files, findings);
  return findings;
}

}  // namespace patchbay::runner
