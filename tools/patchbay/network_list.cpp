#include "patchbay/network_list.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <functional>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cni/environment.h"
#include "cni/json.h"
#include "cni/keys.h"
#include "patchbay/places.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

namespace fs = std::filesystem;

using Numbers = std::array<unsigned, 3>;

/// "1.0.0" as numbers; missing ones are 0.
Numbers parse_numbers(std::string_view text) {
  Numbers numbers{};
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::size_t i = 0; at != end; ++i) {
    const auto read = std::from_chars(at, end, i < 3 ? numbers.at(i) : numbers.front());
    const bool goes_on = read.ptr != end && *read.ptr == '.' && read.ptr + 1 != end;
    if (i > 2 || read.ec != std::errc{} || (read.ptr != end && !goes_on)) {
      throw Error{ErrorCode::invalid_config, quote(text) + " must be a version such as \"1.0.0\""};
    }
    at = goes_on ? read.ptr + 1 : read.ptr;
  }
  return numbers;
}

/// The newest version that is offered and not newer than what we know.
std::string choose_version(const std::string& single, const std::vector<std::string>& several) {
  const Numbers newest = parse_numbers(cni::Version::newest().str());
  std::string chosen;
  Numbers best{};
  for (const std::string& offer : several) {
    const Numbers numbers = parse_numbers(offer);
    if (numbers <= newest && numbers >= best) {
      chosen = offer;
      best = numbers;
    }
  }
  const bool single_counts =
      several.empty() || (!single.empty() && parse_numbers(single) <= newest);
  if (single_counts && parse_numbers(single) >= best) {
    return single;
  }
  if (chosen.empty()) {
    throw Error{
        ErrorCode::incompatible_version,
        "cniVersions: none is " + std::string{cni::Version::newest().str()} + " or older"};
  }
  return chosen;
}

cni::Version read_version(cni::Keys& keys) {
  std::string single;
  std::vector<std::string> several;
  keys.parsed(
      "cniVersion",
      cni::Format::text,
      [&](const std::string& text) {
        parse_numbers(text);
        single = text;
      },
      "");
  keys.texts(
      "cniVersions",
      cni::Format::text,
      [&](const std::string& text) {
        parse_numbers(text);
        several.push_back(text);
      },
      "");
  try {
    return cni::Version::parse(choose_version(single, several));
  } catch (const Error& e) {  // completed with the key
    throw Error{e.code(), std::string{"cniVersion: "} + e.what(), e.details()};
  }
}

/// A flag that libcni takes as a word too.
bool read_flag(const json& list, const char* name) {
  const json* value = cni::find_member(list, name);
  if (value == nullptr) {
    return false;
  }
  if (value->is_boolean()) {
    return value->get<bool>();
  }
  std::string word = value->is_string() ? value->get<std::string>() : std::string{};
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  if (word != "true" && word != "false") {
    throw Error{
        ErrorCode::decoding_failure,
        std::string{name} + ": " + cni::excerpt(*value) + " must be true or false"};
  }
  return word == "true";
}

std::string read_name(cni::Keys& keys) {
  std::string name;
  keys.required("name");
  keys.text("name", name, "");
  if (!cni::is_identifier(name)) {
    throw Error{
        ErrorCode::invalid_config,
        "name: " + quote(name) +
            " must be letters, digits, '_', '.' and '-', a letter or digit first"};
  }
  return name;
}

void require_type(const json& plugin, const std::string& path) {
  cni::Keys keys = cni::Keys::reading(&plugin, path);
  std::string type;
  keys.required("type");
  keys.text("type", type, "");
  if (type.empty()) {
    throw Error{ErrorCode::invalid_config, keys.path_of("type") + ": must not be empty"};
  }
}

std::string get_file(const std::string& path) {
  auto bytes = find_file(path);
  if (!bytes) {
    throw SystemError{ENOENT, "open " + quote(path)};
  }
  return std::move(*bytes);
}

/// Completes an Error of `read` with `file` and the place in `bytes`.
template <typename Read>
auto with_place(const std::string& file, const std::string& bytes, const Read& read) {
  try {
    return read();
  } catch (const Error& e) {
    throw Error{e.code(), located(file, bytes, e.what()), e.details()};
  }
}

/// What parse_json() says, without a place: located() adds it.
std::shared_ptr<const json> parse_document(const std::string& bytes) {
  return cni::parse_json(bytes, "network configuration");
}

bool has_extension(const fs::path& path, const std::vector<std::string>& extensions) {
  return std::find(extensions.begin(), extensions.end(), path.extension()) != extensions.end();
}

/// The files of `directory` with one of `extensions`, by name. Throws SystemError.
std::vector<std::string> list_files(
    const std::string& directory, const std::vector<std::string>& extensions) {
  std::error_code error;
  fs::directory_iterator entry{directory, error};
  std::vector<std::string> files;
  for (; !error && entry != fs::directory_iterator{}; entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored) && has_extension(entry->path(), extensions)) {
      files.push_back(entry->path());
    }
  }
  if (error) {
    throw SystemError{error.value(), "read directory " + quote(directory)};
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::shared_ptr<const json> read_plugin_file(const std::string& file) {
  const std::string bytes = get_file(file);
  return with_place(file, bytes, [&] {
    auto plugin = parse_document(bytes);
    require_type(*plugin, {});
    return plugin;
  });
}

void append_plugin_files(NetworkList& list, const std::string& directory) {
  if (directory.empty()) {
    return;
  }
  const std::string folder = (fs::path{directory} / list.name).string();
  std::error_code absent;
  if (!fs::is_directory(folder, absent)) {
    return;
  }
  for (const std::string& file : list_files(folder, {".conf"})) {
    list.plugins.push_back(read_plugin_file(file));
    list.origins.push_back({file, ""});
  }
}

/// The conflist with all plugins inline: whoever reads it later need not look into a folder that
/// may have changed.
std::string complete_bytes(const json& document, const NetworkList& list) {
  json complete = document;
  complete["plugins"] = json::array();
  for (const auto& plugin : list.plugins) {
    complete["plugins"].push_back(*plugin);
  }
  complete["loadOnlyInlinedPlugins"] = true;
  return complete.dump(-1, ' ', false, json::error_handler_t::replace);
}

void read_inline_plugins(const json& document, NetworkList& list) {
  const json* plugins = cni::find_member(document, "plugins");
  if (plugins == nullptr) {
    return;
  }
  if (!plugins->is_array() || plugins->empty()) {
    throw Error{
        ErrorCode::invalid_config,
        "plugins: " + cni::excerpt(*plugins) + " must be an array of at least one plugin"};
  }
  for (const json& plugin : *plugins) {
    const std::string path = "plugins[" + std::to_string(list.plugins.size()) + "]";
    if (!plugin.is_object()) {
      throw Error{
          ErrorCode::decoding_failure, path + ": " + cni::excerpt(plugin) + " must be an object"};
    }
    require_type(plugin, path);
    list.plugins.push_back(std::make_shared<const json>(plugin));
    list.origins.push_back({list.file, path});
  }
}

NetworkList read_document(
    const json& document, const std::string& file, const std::string& directory) {
  cni::Keys keys = cni::Keys::reading(&document, {});
  NetworkList list;
  list.file = file;
  list.name = read_name(keys);
  list.version = read_version(keys);
  list.check_disabled = read_flag(document, "disableCheck");
  list.gc_disabled = read_flag(document, "disableGC");
  read_inline_plugins(document, list);
  if (!read_flag(document, "loadOnlyInlinedPlugins")) {
    append_plugin_files(list, directory);
  } else if (list.plugins.empty()) {
    throw Error{
        ErrorCode::invalid_config, "loadOnlyInlinedPlugins: true, but there are no plugins"};
  }
  if (list.plugins.empty()) {
    throw Error{
        ErrorCode::invalid_config,
        "plugins: none, neither here nor in the folder " + quote(list.name) + " beside the file"};
  }
  list.bytes = complete_bytes(document, list);
  return list;
}

/// A single plugin's configuration as a list of one.
NetworkList parse_single(const std::string& bytes, const std::string& file) {
  return with_place(file, bytes, [&] {
    const auto plugin = parse_document(bytes);
    require_type(*plugin, {});
    json list{{"plugins", json::array({*plugin})}, {"loadOnlyInlinedPlugins", true}};
    for (const char* key : {"name", "cniVersion"}) {
      if (const json* value = cni::find_member(*plugin, key)) {
        list[key] = *value;
      }
    }
    NetworkList network = read_document(list, file, {});
    network.origins = {{file, ""}};
    return network;
  });
}

bool is_single(const std::string& file) {
  return has_extension(file, {".conf", ".json"});
}

}  // namespace

std::string NetworkList::Origin::path_of(const std::string& key) const {
  return path + (path.empty() || key.empty() ? "" : ".") + key;
}

const std::string& NetworkList::type(std::size_t plugin) const {
  return cni::find_member(*plugins.at(plugin), "type")->get_ref<const std::string&>();
}

NetworkList parse_conflist(
    const std::string& bytes, const std::string& file, const std::string& directory) {
  return with_place(
      file, bytes, [&] { return read_document(*parse_document(bytes), file, directory); });
}

NetworkList read_network_list(const std::string& file) {
  const std::string bytes = get_file(file);
  if (is_single(file)) {
    return parse_single(bytes, file);
  }
  return parse_conflist(bytes, file, fs::path{file}.parent_path().string());
}

Catalogue list_networks(const std::string& directory) {
  std::vector<std::string> files = list_files(directory, {".conflist"});
  const auto singles = list_files(directory, {".conf", ".json"});
  files.insert(files.end(), singles.begin(), singles.end());
  Catalogue catalogue;
  for (const std::string& file : files) {
    try {
      catalogue.networks.push_back(read_network_list(file));
    } catch (const Error& e) {  // one bad file must not hide the others
      catalogue.faults.emplace_back(e.what());
    }
  }
  return catalogue;
}

NetworkList get_network(const std::string& directory, const std::string& name) {
  Catalogue catalogue = list_networks(directory);
  const auto found = std::find_if(
      catalogue.networks.begin(), catalogue.networks.end(), [&](const NetworkList& network) {
        return network.name == name;
      });
  if (found != catalogue.networks.end()) {
    for (const std::string& fault : catalogue.faults) {
      log::warn(fault + ", continuing without this file");
    }
    return std::move(*found);
  }
  std::string message = "no network " + quote(name) + " in " + quote(directory);
  for (const std::string& fault : catalogue.faults) {
    message += "; " + fault;
  }
  throw Error{ErrorCode::invalid_config, message};
}

}  // namespace patchbay::runner
