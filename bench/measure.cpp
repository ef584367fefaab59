#include "measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <thread>

#include "base/error.h"

namespace patchbay::bench {

namespace {

constexpr unsigned kWarmUps = 2;
/// The kernel's own work after a call: the first multicast packets of a container, flooded to 500
/// ports, take it 10 ms, with all links locked.
constexpr std::chrono::milliseconds kPause{25};

struct Bench {
  const Options& options;
  Progress& progress;
  Side ours;
  Side peer;
  Side floor;
  ContainerPool pool{};
};

/// The hosts on which a row is measured, one for each side: ours, the reference, the floor.
using Cells = std::array<Cell, 3>;

Cells make_cells(Bench& bench, const Row& row, unsigned attached) {
  bench.pool.rewind();
  Cells cells{
      Cell{bench.ours, row, attached, bench.pool},
      Cell{bench.peer, row, attached, bench.pool},
      Cell{bench.floor, row, attached, bench.pool}};
  for (Cell& cell : cells) {
    cell.fill(bench.progress);
  }
  return cells;
}

using Act = void (Cell::*)(std::size_t step);

/// Each command once by each side. Who comes later finds the machine as the others have left it, so
/// they take turns: `first` goes first.
void run_round(Cells& cells, std::size_t steps, std::size_t first, Act act) {
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::this_thread::sleep_for(kPause);
      (cells[(first + i) % cells.size()].*act)(step);
    }
  }
}

void run_rounds(Bench& bench, Cells& cells, std::size_t steps) {
  for (unsigned round = 0; round < kWarmUps; ++round) {
    run_round(cells, steps, 0, &Cell::warm_up);
  }
  for (unsigned round = 0; round < bench.options.rounds; ++round) {
    bench.progress.tick(
        "round " + std::to_string(round + 1) + "/" + std::to_string(bench.options.rounds));
    run_round(cells, steps, round % cells.size(), &Cell::measure);
  }
  run_round(cells, steps, 0, &Cell::count);
}

void measure_row(Bench& bench, const Row& row, unsigned attached, std::vector<Line>& lines) {
  Cells cells = make_cells(bench, row, attached);
  run_rounds(bench, cells, row.steps.size());
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    lines.push_back(
        {.row = row.name,
         .step = row.steps[step],
         .attached = attached,
         .ours = cells[0].series(step),
         .peer = cells[1].series(step),
         .floor = cells[2].series(step)});
  }
  bench.progress.tick("the kernel clears up");
  std::vector<Namespace> hosts;
  hosts.reserve(cells.size());
  for (Cell& cell : cells) {
    hosts.push_back(cell.release());
  }
  destroy(std::move(hosts));
}

/// Fewest first: namespaces that exist cost something even when they belong to another host, so
/// they are made only when they are needed.
void measure_rows(Bench& bench, const std::vector<Row>& rows, std::vector<Line>& lines) {
  const std::size_t total = rows.size() * bench.options.attached.size();
  std::size_t done = 0;
  for (const unsigned attached : bench.options.attached) {
    bench.pool.grow_to(std::tuple_size_v<Cells> * (std::size_t{attached} + 1));
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
  Bench bench{
      options,
      progress,
      {"ours", options.ours},
      {"reference", options.peer},
      {"floor", options.floor}};
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
