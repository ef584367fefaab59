// Any bytes as an entry of the cache of `patchbay`: Error is the worst that may come of it, nobody
// is given another owner's entry, and what is read is the same when it has been written again.

#include <string>

#include "fuzz/input.h"
#include "fuzz/scratch_directory.h"
#include "patchbay/cache.h"
#include "patchbay/network_list.h"

namespace patchbay::runner {
namespace {

using fuzz::attempt;
using fuzz::require;

const Owner kOwner{"net", "c1", "eth0"};
/// Whose entries have the same file.
const Owner kNamesake{"net-c1", "eth0", "eth0"};

bool same(const CacheEntry& a, const CacheEntry& b) {
  return a.owner == b.owner && a.netns == b.netns && a.cni_args == b.cni_args &&
         a.capabilities == b.capabilities && a.config == b.config && a.result == b.result;
}

void use(const Cache& cache) {
  const auto entry = cache.find(kOwner);
  require(entry.has_value() && entry->owner == kOwner, "an entry is its owner's");
  attempt([&] { (void)parse_conflist(entry->config, "cache", {}); });
  cache.save(*entry);
  require(same(cache.find(kOwner).value(), *entry), "an entry that is written again is the same");
}

void use(const Cache& cache, std::string_view bytes) {
  cache.save({.owner = kOwner});  // which makes the directories
  fuzz::write_file(cache.path_of(kOwner), bytes);
  const auto listing = cache.list();
  require(listing.entries.size() + listing.faults.size() == 1, "an entry is listed, or at fault");
  attempt([&] { use(cache); });
  attempt([&] { (void)cache.find(kNamesake); });
  require(
      listing.entries.empty() || listing.entries[0].owner == kOwner || !cache.remove(kOwner),
      "another owner's entry is not removed");
}

}  // namespace
}  // namespace patchbay::runner

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const patchbay::fuzz::ScratchDirectory directory;
  const patchbay::runner::Cache cache{directory.path()};
  patchbay::runner::use(cache, {reinterpret_cast<const char*>(data), size});
  return 0;
}
