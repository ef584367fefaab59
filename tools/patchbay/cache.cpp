#include "patchbay/cache.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cni/json.h"
#include "cni/keys.h"
#include "patchbay/base64.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

namespace fs = std::filesystem;

constexpr std::size_t kLimit = std::size_t{64} << 20;  // a conflist as base64, and a result
constexpr const char* kKind = "cniCacheV1";            // libcni/api.go: CNICacheV1

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string name_of(const Owner& owner) {
  return owner.network + "-" + owner.container_id + "-" + owner.ifname;
}

std::string to_text(const CacheEntry& entry) {
  json document{
      {"kind", kKind},
      {"containerId", entry.owner.container_id},
      {"config", to_base64(entry.config)},
      {"ifName", entry.owner.ifname},
      {"networkName", entry.owner.network}};
  if (!entry.netns.empty()) {
    document["netns"] = entry.netns;
  }
  for (const auto& [key, value] : entry.cni_args) {
    document["cniArgs"].push_back(json::array({key, value}));
  }
  if (!entry.capabilities.empty()) {
    document["capabilityArgs"] = json::parse(entry.capabilities);
  }
  if (!entry.result.empty()) {
    document["result"] = json::parse(entry.result);
  }
  return dump(document);
}

/// The text of a member that has to be an object; empty when absent.
std::string object_text(const json& document, const char* name) {
  const json* value = cni::find_member(document, name);
  if (value == nullptr) {
    return {};
  }
  if (!value->is_object()) {
    throw Error{
        ErrorCode::decoding_failure,
        std::string{name} + ": " + cni::excerpt(*value) + " must be an object"};
  }
  return dump(*value);
}

std::vector<std::pair<std::string, std::string>> read_args(const json& document) {
  std::vector<std::pair<std::string, std::string>> args;
  const json* value = cni::find_member(document, "cniArgs");
  if (value == nullptr) {
    return args;
  }
  try {
    return value->get<decltype(args)>();
  } catch (const json::exception&) {
    throw Error{
        ErrorCode::decoding_failure,
        "cniArgs: " + cni::excerpt(*value) + " must be an array of pairs"};
  }
}

std::string decode_config(const std::string& text) {
  auto bytes = from_base64(text);
  if (!bytes) {
    throw Error{ErrorCode::decoding_failure, "config: " + quote(text) + " must be base64"};
  }
  return std::move(*bytes);
}

/// Nullopt for a document of another kind.
std::optional<CacheEntry> parse_entry(const json& document) {
  cni::Keys keys = cni::Keys::reading(&document, {});
  CacheEntry entry;
  std::string kind;
  std::string config;
  keys.text("kind", kind, "");
  if (kind != kKind) {
    return std::nullopt;
  }
  for (const char* name : {"containerId", "ifName", "networkName"}) {
    keys.required(name);
  }
  keys.text("containerId", entry.owner.container_id, "");
  keys.text("ifName", entry.owner.ifname, "");
  keys.text("networkName", entry.owner.network, "");
  keys.text("netns", entry.netns, "");
  keys.text("config", config, "");
  entry.config = decode_config(config);
  entry.cni_args = read_args(document);
  entry.capabilities = object_text(document, "capabilityArgs");
  entry.result = object_text(document, "result");
  return entry;
}

/// Nullopt when there is no such file. `owner` is who it would belong to, when that is known: a
/// result alone does not say.
std::optional<CacheEntry> read_entry(const std::string& path, const Owner* owner) {
  const auto bytes = find_file(path, kLimit);
  if (!bytes) {
    return std::nullopt;
  }
  try {
    const auto document = cni::parse_json(*bytes, "cache entry");
    auto entry = parse_entry(*document);
    if (!entry && owner != nullptr) {
      return CacheEntry{.owner = *owner, .result = dump(*document)};
    }
    if (!entry) {
      throw Error{ErrorCode::decoding_failure, "kind: must be \"" + std::string{kKind} + "\""};
    }
    return entry;
  } catch (const Error& e) {  // completed with the file
    throw Error{ErrorCode::decoding_failure, path + ": " + e.what()};
  }
}

/// As libcni makes it, for root's eyes only.
void make_directories(const std::string& path) {
  std::error_code error;
  const bool fresh = !fs::exists(path, error);
  fs::create_directories(path, error);
  if (fresh && !error) {
    fs::permissions(path, fs::perms::owner_all, error);
  }
  if (error) {
    throw SystemError{error.value(), "create directory " + quote(path)};
  }
}

/// Nullopt for what nobody can read, and for a result alone, which does not say.
std::optional<Owner> find_owner(const std::string& path) {
  try {
    const auto entry = read_entry(path, nullptr);
    return entry ? std::optional{entry->owner} : std::nullopt;
  } catch (const Error&) {  // is nobody's
    return std::nullopt;
  }
}

}  // namespace

std::string Cache::path_of(const Owner& owner) const {
  return directory_ + "/results/" + name_of(owner);
}

std::string Cache::own_directory() const {
  std::string path = directory_ + "/patchbay";
  make_directories(path);
  return path;
}

std::optional<CacheEntry> Cache::find(const Owner& owner) const {
  auto entry = read_entry(path_of(owner), &owner);
  // "a-b" + "c" and "a" + "b-c" make the same name.
  if (entry && entry->owner != owner) {
    throw Error{
        ErrorCode::invalid_config,
        path_of(owner) + ": belongs to container " + quote(entry->owner.container_id) +
            " in network " + quote(entry->owner.network)};
  }
  return entry;
}

void Cache::save(const CacheEntry& entry) const {
  const std::string path = path_of(entry.owner);
  make_directories(directory_ + "/results");
  // Not among the results: libcni takes every file there for an attachment.
  const std::string fresh = own_directory() + "/" + name_of(entry.owner) + ".new";
  const std::string what = "write " + quote(fresh);
  {
    const UniqueFd file{
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file) {
      throw SystemError{errno, what};
    }
    try {
      write_all(file.get(), to_text(entry), what);
    } catch (const Error&) {  // thrown on; a full disk gets its room back
      (void)::unlink(fresh.c_str());
      throw;
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = errno;
    (void)::unlink(fresh.c_str());
    throw SystemError{error, "write " + quote(path)};
  }
}

bool Cache::remove(const Owner& owner) const {
  const std::string path = path_of(owner);
  if (find_owner(path).value_or(owner) != owner) {
    return false;
  }
  if (::unlink(path.c_str()) == 0) {
    return true;
  }
  if (errno != ENOENT && errno != ENOTDIR) {
    throw SystemError{errno, "delete " + quote(path)};
  }
  return false;
}

Cache::Listing Cache::list() const {
  const std::string results = directory_ + "/results";
  std::error_code error;
  fs::directory_iterator file{results, error};
  std::vector<std::string> paths;
  for (; !error && file != fs::directory_iterator{}; file.increment(error)) {
    paths.push_back(file->path());
  }
  if (error && error.value() != ENOENT) {
    throw SystemError{error.value(), "read directory " + quote(results)};
  }
  std::sort(paths.begin(), paths.end());
  Listing listing;
  for (const std::string& path : paths) {
    try {
      if (auto entry = read_entry(path, nullptr)) {
        listing.entries.push_back(std::move(*entry));
      }
    } catch (const Error& e) {  // one bad file must not hide the others
      listing.faults.emplace_back(e.what());
    }
  }
  return listing;
}

std::string joined_args(const std::vector<std::pair<std::string, std::string>>& args) {
  std::string text;
  for (const auto& [key, value] : args) {
    text += (text.empty() ? "" : ";") + key + "=" + value;
  }
  return text;
}

}  // namespace patchbay::runner
