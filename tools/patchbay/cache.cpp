#include "patchbay/cache.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/state.h"
#include "cni/json.h"
#include "cni/keys.h"
#include "patchbay/attachment.h"
#include "patchbay/base64.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

constexpr std::size_t kLimit = std::size_t{64} << 20;  // a conflist as base64, and a result
constexpr const char* kKind = "cniCacheV1";            // libcni/api.go: CNICacheV1

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string name_of(const Owner& owner) {
  return owner.network + "-" + owner.container_id + "-" + owner.ifname;
}

/// A file in `own` that becomes the entry; of fixed length after the owner's name, so that the
/// drafts of one network can be told from those of any other.
std::string draft_suffix(const std::string& network) {
  return "." + hex(stable_hash(network)) + ".new";
}

std::string draft_of(const Owner& owner) {
  return name_of(owner) + draft_suffix(owner.network);
}

/// False when it was not there. Throws SystemError calling it `path`.
bool delete_file(const UniqueFd& directory, const std::string& name, const std::string& path) {
  if (directory && ::unlinkat(directory.get(), name.c_str(), 0) == 0) {
    return true;
  }
  if (directory && errno != ENOENT) {
    throw SystemError{errno, "delete " + quote(path)};
  }
  return false;
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
  require_valid(entry.owner);
  keys.text("netns", entry.netns, "");
  keys.text("config", config, "");
  entry.config = decode_config(config);
  entry.cni_args = read_args(document);
  entry.capabilities = object_text(document, "capabilityArgs");
  entry.result = object_text(document, "result");
  return entry;
}

/// Opens the directory of results or ours, as libcni makes it: for its owner's eyes only.
UniqueFd ensure_directory(const std::string& path) {
  return state::ensure_directory(path, 0700);
}

/// The file at `path`, which is in the directory `results`; nullopt when there is none.
std::optional<std::string> find_bytes(const UniqueFd& results, const std::string& path) {
  if (!results) {
    return std::nullopt;
  }
  const UniqueFd file = state::open_file(results.get(), path.substr(path.rfind('/') + 1), O_RDONLY);
  if (!file && errno == ENOENT) {
    return std::nullopt;
  }
  if (!file) {
    throw SystemError{errno, "open " + quote(path)};
  }
  auto bytes = read_all(file.get(), kLimit, "read " + quote(path));
  if (!bytes) {
    throw SystemError{EFBIG, "read " + quote(path)};
  }
  return bytes;
}

/// The same as an entry. `owner` is who it would belong to, when that is known: a result alone does
/// not say.
std::optional<CacheEntry> read_entry(
    const UniqueFd& results, const std::string& path, const Owner* owner) {
  const auto bytes = find_bytes(results, path);
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

/// Nullopt for what nobody can read, and for a result alone, which does not say.
std::optional<Owner> find_owner(const UniqueFd& results, const std::string& path) {
  try {
    const auto entry = read_entry(results, path, nullptr);
    return entry ? std::optional{entry->owner} : std::nullopt;
  } catch (const Error&) {  // is nobody's
    return std::nullopt;
  }
}

}  // namespace

std::string Cache::path_of(const Owner& owner) const {
  return results() + "/" + name_of(owner);
}

UniqueFd Cache::ensure_own_file(const std::string& name) const {
  const UniqueFd directory = ensure_directory(own());
  UniqueFd file = state::open_file(directory.get(), name, O_RDWR | O_CREAT);
  if (!file) {
    throw SystemError{errno, "open " + quote(own() + "/" + name)};
  }
  return file;
}

std::optional<CacheEntry> Cache::find(const Owner& owner) const {
  const std::string path = path_of(owner);
  auto entry = read_entry(state::find_directory(results()), path, &owner);
  // "a-b" + "c" and "a" + "b-c" make the same name.
  if (entry && entry->owner != owner) {
    throw Error{
        ErrorCode::invalid_config,
        path + ": belongs to container " + quote(entry->owner.container_id) + " in network " +
            quote(entry->owner.network)};
  }
  return entry;
}

void Cache::save(const CacheEntry& entry) const {
  const UniqueFd results = ensure_directory(this->results());
  // Not among the results: libcni takes every file there for an attachment.
  const UniqueFd own = ensure_directory(this->own());
  const std::string fresh = draft_of(entry.owner);
  const std::string what = "write " + quote(this->own() + "/" + fresh);
  {
    const UniqueFd file = state::open_file(own.get(), fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) {
      throw SystemError{errno, what};
    }
    try {
      write_all(file.get(), to_text(entry), what);
    } catch (const Error&) {  // thrown on; a full disk gets its room back
      (void)::unlinkat(own.get(), fresh.c_str(), 0);
      throw;
    }
  }
  if (::renameat(own.get(), fresh.c_str(), results.get(), name_of(entry.owner).c_str()) != 0) {
    const int error = errno;
    (void)::unlinkat(own.get(), fresh.c_str(), 0);
    throw SystemError{error, "write " + quote(path_of(entry.owner))};
  }
}

bool Cache::remove(const Owner& owner) const {
  const std::string path = path_of(owner);
  const UniqueFd results = state::find_directory(this->results());
  const bool is_its = find_owner(results, path).value_or(owner) == owner;
  const bool removed = is_its && delete_file(results, name_of(owner), path);
  const std::string draft = draft_of(owner);
  (void)delete_file(state::find_directory(own()), draft, own() + "/" + draft);
  return removed;
}

void Cache::remove_drafts(const std::string& network) const {
  const UniqueFd own = state::find_directory(this->own());
  std::vector<std::string> drafts;
  const auto note = [&](const std::string& name) {
    if (name.ends_with(draft_suffix(network))) {
      drafts.push_back(name);
    }
  };
  const bool complete = own ? state::for_each_name(own.get(), note) : errno == ENOENT;
  if (!complete) {
    throw SystemError{errno, "read directory " + quote(this->own())};
  }
  for (const std::string& draft : drafts) {
    (void)delete_file(own, draft, this->own() + "/" + draft);
  }
}

Cache::Listing Cache::list() const {
  const UniqueFd results = state::find_directory(this->results());
  std::vector<std::string> paths;
  const auto note = [&](const char* name) { paths.push_back(this->results() + "/" + name); };
  const bool complete = results ? state::for_each_name(results.get(), note) : errno == ENOENT;
  if (!complete) {
    throw SystemError{errno, "read directory " + quote(this->results())};
  }
  std::sort(paths.begin(), paths.end());
  Listing listing;
  for (const std::string& path : paths) {
    try {
      if (auto entry = read_entry(results, path, nullptr)) {
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
