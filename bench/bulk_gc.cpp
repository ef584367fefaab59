#include "bulk_gc.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <regex>
#include <thread>

#include "cell.h"

namespace patchbay::bench {

namespace {

constexpr unsigned kRounds = 3;
constexpr unsigned kDeletions = 5;  // of a round
constexpr std::chrono::milliseconds kPause{25};
/// So many new containers keep the kernel busy with their first multicast packets.
constexpr std::chrono::seconds kSettling{2};

/// Like those of all_rows(), but for their numbers.
const std::vector<Row>& rows_with_gc() {
  static const std::vector<Row> kRows = [] {
    std::vector<Row> rows;
    for (const auto& row : all_rows()) {
      if (row.collects) {
        rows.push_back(row);
        rows.back().per_network = kStale;
        rows.back().steps = {{"ADD"}, {"DEL"}};
      }
    }
    return rows;
  }();
  return kRows;
}

void keep(std::vector<double>& times_ms, const Series& series) {
  std::transform(
      series.samples.begin(),
      series.samples.end(),
      std::back_inserter(times_ms),
      [](const Sample& sample) { return sample.wall_ms; });
}

/// On a host of its own: ovs-vswitchd is busy for seconds when many ports have gone.
void measure_round(const Side& ours, BulkGc& result, ContainerPool& pool, Progress& progress) {
  pool.rewind();
  Cell cell{ours, *result.row, 1, pool};
  cell.await_deletions();
  cell.attach_more(kStale, progress);
  std::this_thread::sleep_for(kSettling);
  for (unsigned i = 0; i < kDeletions; ++i) {
    for (std::size_t step = 0; step < result.row->steps.size(); ++step) {
      std::this_thread::sleep_for(kPause);
      cell.measure(step);
    }
  }
  keep(result.del_ms, cell.take_series().back());
  std::this_thread::sleep_for(kPause);
  result.gc_ms.push_back(cell.collect().wall_ms);
  std::vector<Namespace> host;
  host.push_back(cell.release());
  destroy(std::move(host));
}

}  // namespace

bool matches_bulk_gc(const std::string& pattern) {
  return std::regex_search("bulk GC", std::regex{pattern, std::regex::icase});
}

std::vector<BulkGc> measure_bulk_gc(const Side& ours, ContainerPool& pool, Progress& progress) {
  pool.grow_to(kStale + 1);
  std::vector<BulkGc> results;
  for (const Row& row : rows_with_gc()) {
    progress.begin(results.size() + 1, rows_with_gc().size(), "bulk GC: " + row.name);
    BulkGc& result = results.emplace_back(BulkGc{.row = &row});
    const unsigned rounds = row.most_rounds > 0 ? std::min(row.most_rounds, kRounds) : kRounds;
    for (unsigned round = 0; round < rounds; ++round) {
      measure_round(ours, result, pool, progress);
    }
  }
  return results;
}

}  // namespace patchbay::bench
