#include "measure.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <thread>

#include "base/error.h"

namespace patchbay::bench {

namespace {

constexpr unsigned kWarmUps = 2;
constexpr std::chrono::milliseconds kPause{3};  // the kernel's own work after a call

struct Bench {
  const Options& options;
  Progress& progress;
  Side ours;
  Side peer;
  ContainerPool pool{};
};

/// The two hosts on which a row is measured.
struct Pair {
  Cell ours;
  Cell peer;
};

Pair make_pair(Bench& bench, const Row& row, unsigned attached) {
  bench.pool.rewind();
  Pair pair{{bench.ours, row, attached, bench.pool}, {bench.peer, row, attached, bench.pool}};
  pair.ours.fill(bench.progress);
  pair.peer.fill(bench.progress);
  return pair;
}

using Act = void (Cell::*)(std::size_t step);

/// Each command once by each side. Who comes second finds the machine as the first has left it, so
/// they take turns.
void run_round(Pair& pair, std::size_t steps, bool ours_first, Act act) {
  for (std::size_t step = 0; step < steps; ++step) {
    std::this_thread::sleep_for(kPause);
    ((ours_first ? pair.ours : pair.peer).*act)(step);
    std::this_thread::sleep_for(kPause);
    ((ours_first ? pair.peer : pair.ours).*act)(step);
  }
}

void run_rounds(Bench& bench, Pair& pair, std::size_t steps) {
  for (unsigned round = 0; round < kWarmUps; ++round) {
    run_round(pair, steps, true, &Cell::warm_up);
  }
  for (unsigned round = 0; round < bench.options.rounds; ++round) {
    bench.progress.tick(
        "round " + std::to_string(round + 1) + "/" + std::to_string(bench.options.rounds));
    run_round(pair, steps, round % 2 == 0, &Cell::measure);
  }
  run_round(pair, steps, true, &Cell::count);
}

void measure_row(Bench& bench, const Row& row, unsigned attached, std::vector<Line>& lines) {
  Pair pair = make_pair(bench, row, attached);
  run_rounds(bench, pair, row.steps.size());
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    lines.push_back(
        {.row = row.name,
         .step = row.steps[step],
         .attached = attached,
         .ours = pair.ours.series(step),
         .peer = pair.peer.series(step)});
  }
  bench.progress.tick("the kernel clears up");
  std::vector<Namespace> hosts;
  hosts.reserve(2);
  hosts.push_back(pair.ours.release());
  hosts.push_back(pair.peer.release());
  destroy(std::move(hosts));
}

/// Fewest first: namespaces that exist cost something even when they belong to another host, so
/// they are made only when they are needed.
void measure_rows(Bench& bench, const std::vector<Row>& rows, std::vector<Line>& lines) {
  const std::size_t total = rows.size() * bench.options.attached.size();
  std::size_t done = 0;
  for (const unsigned attached : bench.options.attached) {
    bench.pool.grow_to(2 * (std::size_t{attached} + 1));
    for (const auto& row : rows) {
      bench.progress.begin(++done, total, row.name + ", " + std::to_string(attached) + " there");
      measure_row(bench, row, attached, lines);
    }
  }
}

/// Line by line of the table: what grows stands below what it has grown from.
void sort_lines(const std::vector<Row>& rows, std::vector<Line>& lines) {
  std::vector<Line> sorted;
  sorted.reserve(lines.size());
  for (const auto& row : rows) {
    for (const auto& step : row.steps) {
      std::copy_if(lines.begin(), lines.end(), std::back_inserter(sorted), [&](const Line& line) {
        return line.row == row.name && line.step.command == step.command;
      });
    }
  }
  lines = std::move(sorted);
}

double load_average() {
  double load = 0;
  (void)::getloadavg(&load, 1);
  return load;
}

std::vector<Executable> list_executables(const Side& side, const std::vector<Row>& rows) {
  std::vector<Executable> executables;
  for (const auto& row : rows) {
    const bool listed =
        std::any_of(executables.begin(), executables.end(), [&](const Executable& known) {
          return known.name == row.plugin;
        });
    if (!listed) {
      const auto path = find_executable(side, row.plugin);
      executables.push_back({row.plugin, path, std::filesystem::file_size(path)});
    }
  }
  return executables;
}

}  // namespace

Report measure(const Options& options, Progress& progress) {
  const auto rows = matching_rows(options.rows);
  if (rows.empty()) {
    throw Error{ErrorCode::invalid_config, "--rows " + quote(options.rows) + ": no row matches"};
  }
  Bench bench{options, progress, {"ours", options.ours}, {"reference", options.peer}};
  Report report{
      .lines = {},
      .ours = list_executables(bench.ours, rows),
      .peer = list_executables(bench.peer, rows),
      .rounds = options.rounds,
      .load_before = load_average(),
      .load_after = 0};
  adopt_orphans();
  enter_sandbox();
  measure_rows(bench, rows, report.lines);
  sort_lines(rows, report.lines);
  report.load_after = load_average();
  return report;
}

}  // namespace patchbay::bench
