#include "patchbay/runner.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/best_effort.h"
#include "base/error.h"
#include "base/log.h"
#include "base/undo_log.h"
#include "netns/netns.h"
#include "patchbay/lock.h"
#include "patchbay/plugin_call.h"
#include "patchbay/request.h"

namespace patchbay::runner {

struct Runner::Known {
  CacheEntry entry;
  NetworkList list;
};

namespace {

PluginCall call_of(
    const Site& site, const NetworkList& list, std::size_t plugin, const std::string& command) {
  const NetworkList::Origin& origin = list.origins.at(plugin);
  return {
      .command = command,
      .type = list.type(plugin),
      .key = origin.file + ": " + origin.path_of("type"),
      .plugin_path = site.plugin_path,
      .timeout = site.timeout};
}

/// GC and STATUS: nothing about a container reaches the plugin, not even from our own environment.
std::string call_for_network(
    const Site& site,
    const NetworkList& list,
    std::size_t plugin,
    const std::string& command,
    const RequestParts& parts) {
  PluginCall call = call_of(site, list, plugin, command);
  for (const char* name : {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"}) {
    call.environment.emplace_back(name, "");
  }
  return call_plugin(call, make_request(list, plugin, parts));
}

/// ADD, CHECK and DEL.
struct ContainerCall {
  const Site& site;
  const NetworkList& list;
  const CacheEntry& entry;

  [[nodiscard]] PluginCall make(std::size_t plugin, const std::string& command) const {
    PluginCall call = call_of(site, list, plugin, command);
    call.environment = {
        {"CNI_CONTAINERID", entry.owner.container_id},
        {"CNI_NETNS", entry.netns},
        {"CNI_IFNAME", entry.owner.ifname},
        {"CNI_ARGS", joined_args(entry.cni_args)}};
    return call;
  }

  /// What the plugin printed, which only ADD has a use for.
  // NOLINTNEXTLINE(modernize-use-nodiscard): see above
  std::string run(
      std::size_t plugin, const std::string& command, const std::string& previous) const {
    return call_plugin(
        make(plugin, command),
        make_request(list, plugin, {.previous = previous, .capabilities = entry.capabilities}));
  }

  /// The result in what a plugin printed at ADD.
  [[nodiscard]] std::string result_of(std::size_t plugin, const std::string& output) const {
    try {
      return read_result(output, list.version);
    } catch (const Error& e) {  // completed with plugin and command
      throw Error{e.code(), make(plugin, "ADD").who() + ": " + e.what(), e.details()};
    }
  }

  /// DEL by the first `count` plugins, the last one first. Throws one Error with all failures; an
  /// interrupt ends it.
  void run_del(std::size_t count, const std::string& previous) const {
    BestEffort effort;
    for (std::size_t plugin = count; plugin-- > 0;) {
      require_uninterrupted();
      effort.attempt("network " + quote(list.name), [&] { run(plugin, "DEL", previous); });
    }
    effort.finish();
  }
};

std::string describe(const Owner& owner) {
  return "interface " + quote(owner.ifname) + " of container " + quote(owner.container_id) +
         " in network " + quote(owner.network);
}

/// "prevResult" for DEL: none for old versions, and none when nobody can read it.
std::string previous_for_del(const NetworkList& list, const std::string& result) {
  if (list.version < cni::Version::with_check() || result.empty()) {
    return {};
  }
  try {
    return convert_result(result, list.version);
  } catch (const Error& e) {  // DEL frees what it can without
    log::warn(std::string{e.what()} + ", continuing without prevResult");
    return {};
  }
}

/// Nullopt with a warning when nobody can read it.
std::optional<CacheEntry> try_find(const Cache& cache, const Owner& owner) {
  try {
    return cache.find(owner);
  } catch (const Error& e) {  // DEL frees what it can without
    log::warn(std::string{e.what()} + ", continuing without this cache entry");
    return std::nullopt;
  }
}

/// What ADD would replace. An entry that nobody can read is as good as none, unless it may be that
/// of an attachment that is live; another owner's stays.
std::optional<CacheEntry> find_left_over(const Cache& cache, const Attachment& attachment) {
  try {
    return cache.find(attachment.owner);
  } catch (const Error& e) {
    const auto& ifname = attachment.owner.ifname;
    if (e.code() != ErrorCode::decoding_failure || interface_exists(attachment.netns, ifname)) {
      throw;
    }
    log::warn(std::string{e.what()} + ", continuing without this cache entry");
    return std::nullopt;
  }
}

/// DEL goes on without a lock where none can be made, such as on a full disk.
std::optional<Lock> try_lock(
    const Cache& cache, const Owner& owner, std::chrono::milliseconds timeout) {
  try {
    return Lock::on_attachment(cache, owner, timeout);
  } catch (const SystemError& e) {
    log::warn(std::string{e.what()} + ", continuing without a lock");
    return std::nullopt;
  }
}

/// Nullopt with a warning when nobody can read it.
std::optional<NetworkList> try_parse(
    const CacheEntry& entry, const std::string& file, const std::string& directory) {
  try {
    return parse_conflist(entry.config, file, directory);
  } catch (const Error& e) {  // there is a next best
    log::warn("configuration in the cache: " + std::string{e.what()} + ", continuing without");
    return std::nullopt;
  }
}

/// The network as it was at ADD, else as it is now. libcni's entries lack the plugins in files of
/// their own, which may have become unreadable since.
NetworkList list_of(const CacheEntry& entry, const Cache& cache, const Site& site) {
  std::optional<NetworkList> list;
  if (!entry.config.empty()) {
    const std::string file = cache.path_of(entry.owner);
    list = try_parse(entry, file, site.conf_dir);
    list = list ? std::move(list) : try_parse(entry, file, "");
  }
  if (list) {
    return std::move(*list);
  }
  return get_network(site.conf_dir, entry.owner.network);
}

/// What was in a namespace that is gone is gone too; every namespace has an lo, which proves
/// nothing.
bool is_live(const CacheEntry& entry) {
  return entry.owner.ifname != "lo" && interface_exists(entry.netns, entry.owner.ifname);
}

/// What would fail before any plugin has run is found before there is anything to remember.
void require_attachable(const Site& site, const NetworkList& list, const Attachment& attachment) {
  const auto container = netns::Netns::open(attachment.netns);
  if (container.same_as(netns::Netns::current()) && std::getenv("CNI_NETNS_OVERRIDE") == nullptr) {
    throw Error{
        ErrorCode::invalid_netns,
        "CNI_NETNS: " + quote(attachment.netns) + " must not be the network namespace we are in"};
  }
  for (std::size_t plugin = 0; plugin < list.plugins.size(); ++plugin) {
    (void)call_of(site, list, plugin, "ADD").executable();
  }
}

/// A plugin that cannot read what it is given has nothing to take back, whatever its DEL says.
bool refuses_input(const Error& e) {
  return e.code() == ErrorCode::invalid_environment || e.code() == ErrorCode::decoding_failure ||
         e.code() == ErrorCode::invalid_config;
}

bool contains(const std::optional<std::vector<Owner>>& owners, const Owner& owner) {
  return owners && std::find(owners->begin(), owners->end(), owner) != owners->end();
}

}  // namespace

/// Before there is a lock file, which would stay.
void Runner::require_known(const Attachment& attachment) const {
  require_valid(attachment.owner);
  std::error_code error;
  if (!std::filesystem::exists(cache_.path_of(attachment.owner), error)) {
    (void)get_network(site_.conf_dir, attachment.owner.network);
  }
}

Runner::Known Runner::recall(const Attachment& attachment) const {
  CacheEntry entry = try_find(cache_, attachment.owner).value_or(CacheEntry{attachment.owner});
  entry.netns = attachment.netns;
  entry.cni_args = attachment.cni_args.value_or(entry.cni_args);
  entry.capabilities = attachment.capabilities.value_or(entry.capabilities);
  NetworkList list = list_of(entry, cache_, site_);
  return {std::move(entry), std::move(list)};
}

std::string Runner::add(const Attachment& attachment) const {
  require_valid(attachment.owner);
  const NetworkList list = get_network(site_.conf_dir, attachment.owner.network);
  require_attachable(site_, list, attachment);
  const Lock lock = Lock::on_attachment(cache_, attachment.owner, site_.timeout);
  clear_left_over(attachment);
  CacheEntry entry{
      .owner = attachment.owner,
      .netns = attachment.netns,
      .cni_args = attachment.cni_args.value_or(decltype(entry.cni_args){}),
      .capabilities = attachment.capabilities.value_or(std::string{}),
      .config = list.bytes};
  entry.result = run_add(list, entry);
  return entry.result;
}

/// The entry is written before the first plugin runs: what a kill leaves behind can be found, and a
/// full disk is noticed before there is anything to undo.
std::string Runner::run_add(const NetworkList& list, const CacheEntry& entry) const {
  const ContainerCall call{site_, list, entry};
  const bool name_was_taken = is_live(entry);
  std::size_t begun = 0;  // plugins that may have left something
  bool refused = false;   // by the first one: there is nothing to remember
  std::string result;
  cache_.save(entry);
  UndoLog undo;
  undo.on_failure("detach " + describe(entry.owner), [&] {
    forgive_interrupts();
    if (refused) {
      (void)cache_.remove(entry.owner);
    }
    call.run_del(begun, previous_for_del(list, result));
    (void)cache_.remove(entry.owner);
  });
  for (std::size_t plugin = 0; plugin < list.plugins.size(); ++plugin) {
    require_uninterrupted();
    // What stood there before this ADD belongs to somebody else, and so it stays.
    begun = plugin == 0 && name_was_taken ? 0 : plugin + 1;
    std::string output;
    try {
      output = call.run(plugin, "ADD", result);
    } catch (const Error& e) {  // looked at, and thrown on
      begun = e.code() == ErrorCode::already_allocated ? plugin : begun;
      refused = plugin == 0 && refuses_input(e) && !is_live(entry);
      throw;
    }
    begun = plugin + 1;
    result = call.result_of(plugin, output);
  }
  CacheEntry finished = entry;
  finished.result = result;
  cache_.save(finished);
  undo.commit();
  return result;
}

void Runner::clear_left_over(const Attachment& attachment) const {
  auto old = find_left_over(cache_, attachment);
  if (!old) {
    return;
  }
  if (old->netns.empty()) {
    old->netns = attachment.netns;  // older libcni does not note it
  }
  if (is_live(*old)) {
    throw Error{
        ErrorCode::invalid_environment,
        describe(old->owner) + " is attached already, in " + quote(old->netns) +
            "; it has to be detached first"};
  }
  log::warn(
      describe(old->owner) +
      " is left over from a namespace that is gone, continuing after its DEL");
  try {
    detach({*old, list_of(*old, cache_, site_)});
  } catch (const Error& e) {  // an ADD without an end has promised nothing to anybody
    if (!old->result.empty()) {
      throw;
    }
    require_uninterrupted();
    log::warn(std::string{e.what()} + ", continuing");
  }
}

void Runner::detach(const Known& known) const {
  try {
    run_del(known);
  } catch (const Error& e) {  // the configuration itself may be why ADD has not come to its end
    if (!known.entry.result.empty()) {
      throw;
    }
    log::warn(std::string{e.what()} + ", continuing with " + quote(site_.conf_dir));
    run_del({known.entry, get_network(site_.conf_dir, known.entry.owner.network)});
  }
  (void)cache_.remove(known.entry.owner);
}

void Runner::run_del(const Known& known) const {
  ContainerCall{site_, known.list, known.entry}.run_del(
      known.list.plugins.size(), previous_for_del(known.list, known.entry.result));
}

void Runner::del(const Attachment& attachment) const {
  require_known(attachment);
  const auto lock = try_lock(cache_, attachment.owner, site_.timeout);
  detach(recall(attachment));
}

bool Runner::check(const Attachment& attachment) const {
  require_known(attachment);
  const auto lock = try_lock(cache_, attachment.owner, site_.timeout);
  const Known known = recall(attachment);
  if (known.list.version < cni::Version::with_check()) {
    throw Error{
        ErrorCode::incompatible_version,
        "network " + quote(known.list.name) + ": configuration version " +
            quote(known.list.version.str()) + " does not support CHECK"};
  }
  if (known.list.check_disabled) {
    return false;
  }
  if (known.entry.result.empty()) {
    throw Error{
        ErrorCode::unknown_container,
        cache_.path_of(attachment.owner) + ": no result of an ADD, so there is nothing to check"};
  }
  const std::string previous = convert_result(known.entry.result, known.list.version);
  const ContainerCall call{site_, known.list, known.entry};
  for (std::size_t plugin = 0; plugin < known.list.plugins.size(); ++plugin) {
    require_uninterrupted();
    call.run(plugin, "CHECK", previous);
  }
  return true;
}

void Runner::status(const std::string& network) const {
  const NetworkList list = get_network(site_.conf_dir, network);
  if (list.version < cni::Version::with_gc_and_status()) {
    return;
  }
  for (std::size_t plugin = 0; plugin < list.plugins.size(); ++plugin) {
    require_uninterrupted();
    (void)call_for_network(site_, list, plugin, "STATUS", {});
  }
}

bool Runner::gc(const std::string& network, const std::optional<std::vector<Owner>>& keep) const {
  const NetworkList list = get_network(site_.conf_dir, network);
  if (list.gc_disabled) {
    return false;
  }
  const Lock lock = Lock::on_network(cache_, network, site_.timeout);
  collect(list, keep);
  return true;
}

void Runner::collect(const NetworkList& list, const std::optional<std::vector<Owner>>& keep) const {
  BestEffort effort;
  effort.attempt("cache", [&] { cache_.remove_drafts(list.name); });
  const Cache::Listing known = cache_.list();
  for (const std::string& fault : known.faults) {  // whose attachment it is, nobody can tell
    effort.attempt("cache", [&] { throw Error{ErrorCode::decoding_failure, fault}; });
  }
  for (const CacheEntry& entry : known.entries) {
    if (entry.owner.network == list.name && !contains(keep, entry.owner)) {
      require_uninterrupted();
      effort.attempt(entry.owner.container_id + "/" + entry.owner.ifname, [&] {
        detach({entry, list_of(entry, cache_, site_)});
      });
    }
  }
  for (std::size_t plugin = 0; plugin < list.plugins.size(); ++plugin) {
    if (list.version >= cni::Version::with_gc_and_status()) {
      require_uninterrupted();
      effort.attempt("network " + quote(list.name), [&] {
        (void)call_for_network(site_, list, plugin, "GC", {.valid_attachments = keep});
      });
    }
  }
  effort.finish();
}

}  // namespace patchbay::runner
