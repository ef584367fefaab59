#pragma once

#include <string>
#include <vector>

#include "host.h"
#include "progress.h"
#include "rows.h"
#include "side.h"

namespace patchbay::bench {

/// How many stale attachments one GC collects here, and how many times as long as a DEL it may
/// take.
constexpr unsigned kStale = 500;
constexpr double kBulkGcGoal = 20;

/// GC of one network, all of whose attachments are stale, beside DEL of one attachment. GC waits
/// until the kernel has freed the links; so the DEL that it is compared with is one that does, too.
struct BulkGc {
  const Row* row;
  std::vector<double> gc_ms{};
  std::vector<double> del_ms{};  ///< With the others attached.
};

/// True when `pattern` (see matching_rows()) means this, too: it is called "bulk GC".
bool matches_bulk_gc(const std::string& pattern);

/// For each kind of attachment that has things of its own to collect. `pool` is used from its
/// beginning. Throws Error, SystemError.
std::vector<BulkGc> measure_bulk_gc(const Side& ours, ContainerPool& pool, Progress& progress);

}  // namespace patchbay::bench
