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

/// The hosts on which a row is measured, one a side: ours, the reference, and the floor if any.
using Cells = std::vector<Cell>;

/// On the other stages what is attached are ports, and needs no namespaces.
std::size_t count_containers(const Row& row, unsigned attached) {
  return row.at_once + (row.stage == Stage::kernel ? attached : 0);
}

Cells make_cells(Bench& bench, const Row& row, unsigned attached) {
  std::vector<const Side*> sides{&bench.ours, &bench.peer};
  if (!row.floor.empty()) {
    sides.push_back(&bench.floor);
  }
  bench.pool.grow_to(sides.size() * count_containers(row, attached));
  bench.pool.rewind();
  Cells cells;
  for (const Side* side : sides) {
    cells.emplace_back(*side, row, attached, bench.pool).fill(bench.progress);
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

void run_rounds(Bench& bench, Cells& cells, const Row& row) {
  const std::size_t steps = row.steps.size();
  const bool few = row.most_rounds != 0;
  const unsigned rounds =
      few ? std::min(row.most_rounds, bench.options.rounds) : bench.options.rounds;
  for (unsigned round = 0; round < (few ? 0 : kWarmUps); ++round) {
    run_round(cells, steps, 0, &Cell::warm_up);
  }
  for (unsigned round = 0; round < rounds; ++round) {
    bench.progress.tick("round " + std::to_string(round + 1) + "/" + std::to_string(rounds));
    run_round(cells, steps, round % cells.size(), &Cell::measure);
  }
  run_round(cells, steps, 0, &Cell::count);
}

double goal_of(const Row& row, const Step& step, unsigned attached) {
  const bool crowded = step.crowded_goal > 0 && attached >= row.attached.back();
  return crowded ? step.crowded_goal : step.goal;
}

void measure_row(Bench& bench, const Row& row, unsigned attached, std::vector<Line>& lines) {
  Cells cells = make_cells(bench, row, attached);
  run_rounds(bench, cells, row);
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    lines.push_back(
        {.row = row.name,
         .command = row.steps[step].command,
         .goal = goal_of(row, row.steps[step], attached),
         .attached = attached,
         .ours = cells[0].series(step),
         .peer = cells[1].series(step),
         .floor = cells.size() > 2 ? cells[2].series(step) : Series{}});
  }
  bench.progress.tick("the kernel clears up");
  std::vector<Namespace> hosts;
  hosts.reserve(cells.size());
  for (Cell& cell : cells) {
    hosts.push_back(cell.release());
  }
  destroy(std::move(hosts));
}

/// A row with so many containers there.
struct Task {
  const Row* row;
  unsigned attached;
};

/// Fewest first: namespaces that exist cost something even when they belong to another host, so
/// they are made only when they are needed.
std::vector<Task> list_tasks(const std::vector<Row>& rows, const Options& options) {
  std::vector<Task> tasks;
  for (const auto& row : rows) {
    for (const unsigned attached : options.attached.empty() ? row.attached : options.attached) {
      tasks.push_back({&row, attached});
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(), [](const Task& left, const Task& right) {
    return count_containers(*left.row, left.attached) <
           count_containers(*right.row, right.attached);
  });
  return tasks;
}

void measure_rows(Bench& bench, const std::vector<Row>& rows, std::vector<Line>& lines) {
  const auto tasks = list_tasks(rows, bench.options);
  std::size_t done = 0;
  for (const auto& [row, attached] : tasks) {
    bench.progress.begin(
        ++done, tasks.size(), row->name + ", " + std::to_string(attached) + " there");
    measure_row(bench, *row, attached, lines);
  }
}

/// Line by line of the table: what grows stands below what it has grown from.
void sort_lines(const std::vector<Row>& rows, std::vector<Line>& lines) {
  std::vector<Line> sorted;
  sorted.reserve(lines.size());
  for (const auto& row : rows) {
    for (const auto& step : row.steps) {
      std::copy_if(lines.begin(), lines.end(), std::back_inserter(sorted), [&](const Line& line) {
        return line.row == row.name && line.command == step.command;
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
      const auto path = find_executable(side, row);
      const bool has_tls = row.stage != Stage::kernel;
      executables.push_back({row.plugin, path, std::filesystem::file_size(path), has_tls});
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
      {"ours", options.ours, &Row::plugin},
      {"reference", options.peer, &Row::reference},
      {"floor", options.ours, &Row::floor}};
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
