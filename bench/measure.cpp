#include "measure.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <iterator>
#include <optional>
#include <thread>
#include <tuple>

#include "base/error.h"
#include "installation.h"
#include "netlink/bridge.h"

namespace patchbay::bench {

namespace {

constexpr unsigned kWarmUps = 2;
/// The kernel's own work after a call: the first multicast packets of a container, flooded to a
/// hundred ports, take it milliseconds, with all links locked.
constexpr std::chrono::milliseconds kPause{25};
/// The same after many calls.
constexpr std::chrono::seconds kSettling{2};
/// Rounds of many at once take long, and each has many values.
constexpr unsigned kRoundsTogether = 4;

/// What is measured in one go: a row on one set of hosts, which get fuller.
struct Task {
  const Row* row;
  unsigned at_once;
  std::vector<unsigned> attached;  ///< Ascending.
  unsigned fewest;                 ///< What is compared with, when more are attached.
};

struct Bench {
  const Options& options;
  Progress& progress;
  Installation installation{};
  Side ours{};
  std::vector<Side> peers{};
  Side floor{};
  ContainerPool pool{};
  Report report{};
};

/// The hosts on which a row is measured.
struct Hosts {
  std::deque<Cell> cells{};  ///< Which stay where they are.
  std::size_t ours = 0;
  std::vector<std::optional<std::size_t>> peers{};
  std::optional<std::size_t> floor{};
  std::optional<std::size_t> base{};
};

bool has_program(const Side& side, const Row& row) {
  return look_for_executable(side.path, row.*side.program).has_value();
}

/// How many containers stay attached at the most, on all hosts of a task.
std::size_t count_containers(const Bench& bench, const Task& task) {
  const Row& row = *task.row;
  const std::size_t sides = bench.peers.size() + 3;
  if (row.stage != Stage::kernel || row.steps.front().command != "ADD") {
    return sides * task.at_once;
  }
  const std::size_t most = task.attached.back();
  const std::size_t compared = std::min<std::size_t>(most, row.compared_up_to);
  return sides * task.at_once + most + (sides - 2) * compared + task.fewest;
}

std::size_t add_cell(Bench& bench, Hosts& hosts, const Side& side, const Task& task) {
  hosts.cells.emplace_back(side, *task.row, task.at_once, bench.pool);
  return hosts.cells.size() - 1;
}

Hosts make_hosts(Bench& bench, const Task& task) {
  bench.pool.grow_to(count_containers(bench, task));
  bench.pool.rewind();
  Hosts hosts;
  hosts.ours = add_cell(bench, hosts, bench.ours, task);
  for (const Side& peer : bench.peers) {
    hosts.peers.push_back(
        has_program(peer, *task.row) ? std::optional{add_cell(bench, hosts, peer, task)}
                                     : std::nullopt);
  }
  if (!task.row->floor.empty()) {
    hosts.floor = add_cell(bench, hosts, bench.floor, task);
  }
  return hosts;
}

/// Those that take part with so many attached, each of them filled.
std::vector<std::size_t> fill(Bench& bench, Hosts& hosts, const Task& task, unsigned attached) {
  std::vector<std::size_t> taking_part;
  for (std::size_t i = 0; i < hosts.cells.size(); ++i) {
    const bool compared = i != hosts.ours && i != hosts.base;
    if (compared && attached > task.row->compared_up_to) {
      continue;
    }
    hosts.cells[i].grow(i == hosts.base ? task.fewest : attached, bench.progress);
    taking_part.push_back(i);
  }
  if (attached > 0) {
    bench.progress.tick("the kernel comes to rest");
    std::this_thread::sleep_for(kSettling);
  }
  return taking_part;
}

using Act = void (Cell::*)(std::size_t step);

/// Each command once by each side. Who comes later finds the machine as the others have left it, so
/// they take turns: `first` goes first.
void run_round(
    Hosts& hosts,
    const std::vector<std::size_t>& taking_part,
    std::size_t steps,
    std::size_t first,
    Act act) {
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < taking_part.size(); ++i) {
      std::this_thread::sleep_for(kPause);
      (hosts.cells[taking_part[(first + i) % taking_part.size()]].*act)(step);
    }
  }
}

unsigned count_rounds(const Bench& bench, const Task& task) {
  const unsigned most = task.row->most_rounds;
  unsigned rounds = bench.options.rounds;
  rounds = task.at_once > 1 ? std::min(rounds, kRoundsTogether) : rounds;
  return most > 0 ? std::min(rounds, most) : rounds;
}

void run_rounds(
    Bench& bench,
    Hosts& hosts,
    const Task& task,
    unsigned attached,
    const std::vector<std::size_t>& taking_part) {
  const std::size_t steps = task.row->steps.size();
  const unsigned rounds = count_rounds(bench, task);
  const bool is_first = attached == task.attached.front();
  for (unsigned round = 0; is_first && round < std::min(kWarmUps, rounds - 1); ++round) {
    run_round(hosts, taking_part, steps, 0, &Cell::warm_up);
  }
  for (unsigned round = 0; round < rounds; ++round) {
    bench.progress.tick("round " + std::to_string(round + 1) + "/" + std::to_string(rounds));
    run_round(hosts, taking_part, steps, round % taking_part.size(), &Cell::measure);
  }
  const bool count_peers = is_first || task.row->most_rounds == 0;
  run_round(hosts, count_peers ? taking_part : std::vector{hosts.ours}, steps, 0, &Cell::count);
}

void keep_lines(Bench& bench, Hosts& hosts, const Task& task, unsigned attached) {
  std::vector<std::vector<Series>> series;
  for (Cell& cell : hosts.cells) {
    series.push_back(cell.take_series());
  }
  const auto series_of = [&](std::optional<std::size_t> cell, std::size_t step) {
    return cell ? std::move(series[*cell][step]) : Series{};
  };
  for (std::size_t step = 0; step < task.row->steps.size(); ++step) {
    Line line{
        .row = task.row,
        .step = &task.row->steps[step],
        .attached = attached,
        .at_once = task.at_once};
    line.ours = series_of(hosts.ours, step);
    for (const auto& peer : hosts.peers) {
      line.peers.push_back(series_of(peer, step));
    }
    line.floor = series_of(hosts.floor, step);
    line.base = series_of(hosts.base, step);
    bench.report.lines.push_back(std::move(line));
  }
}

void clear_up(Bench& bench, Hosts& hosts) {
  bench.progress.tick("the kernel clears up");
  std::vector<Namespace> spaces;
  spaces.reserve(hosts.cells.size());
  for (Cell& cell : hosts.cells) {
    spaces.push_back(cell.release());
  }
  destroy(std::move(spaces));
}

/// What costs more with more attached is seen beside a host of ours that stays as empty as at the
/// beginning, in the same rounds.
void measure_task(Bench& bench, const Task& task) {
  Hosts hosts = make_hosts(bench, task);
  for (const unsigned attached : task.attached) {
    if (attached > task.fewest && !hosts.base) {
      hosts.base = add_cell(bench, hosts, bench.ours, task);
    }
    const auto taking_part = fill(bench, hosts, task, attached);
    run_rounds(bench, hosts, task, attached, taking_part);
    keep_lines(bench, hosts, task, attached);
  }
  clear_up(bench, hosts);
}

/// First everything with the fewest attached, so that the many namespaces of the rest are no
/// burden to it: they cost something even when they belong to another host.
std::vector<Task> list_tasks(const std::vector<Row>& rows, const Options& options) {
  std::vector<Task> tasks;
  std::vector<Task> later;
  for (const auto& row : rows) {
    auto attached =
        options.attached.empty() || row.attached.size() == 1 ? row.attached : options.attached;
    for (const unsigned at_once : row.at_once) {
      tasks.push_back({&row, at_once, {attached.front()}, attached.front()});
    }
    const unsigned fewest = attached.front();
    attached.erase(attached.begin());
    if (!attached.empty() && row.steps.front().command == "ADD") {
      later.push_back({&row, 1, std::move(attached), fewest});
    }
  }
  std::move(later.begin(), later.end(), std::back_inserter(tasks));
  return tasks;
}

std::string title_of(const Task& task) {
  const std::string together =
      task.at_once > 1 ? ", " + std::to_string(task.at_once) + " at once" : "";
  return task.row->name + together + ", up to " + std::to_string(task.attached.back()) + " there";
}

void measure_rows(Bench& bench) {
  const auto tasks = list_tasks(bench.report.rows, bench.options);
  std::size_t done = 0;
  for (const Task& task : tasks) {
    bench.progress.begin(++done, tasks.size(), title_of(task));
    measure_task(bench, task);
  }
}

/// Line by line of the table: what grows stands below what it has grown from.
void sort_lines(std::vector<Line>& lines) {
  std::stable_sort(lines.begin(), lines.end(), [](const Line& left, const Line& right) {
    return std::tuple{left.row, left.at_once, left.step} <
           std::tuple{right.row, right.at_once, right.step};
  });
}

double load_average() {
  double load = 0;
  (void)::getloadavg(&load, 1);
  return load;
}

std::uintmax_t size_of(const Side& side, const Row& row) {
  const auto path = look_for_executable(side.path, row.*side.program);
  return path ? std::filesystem::file_size(*path) : 0;
}

/// Those that have a counterpart of the same name.
void list_executables(Bench& bench) {
  auto& executables = bench.report.executables;
  for (const auto& row : bench.report.rows) {
    const bool listed =
        std::any_of(executables.begin(), executables.end(), [&](const Executable& known) {
          return known.name == row.plugin;
        });
    if (listed) {
      continue;
    }
    Executable executable{.name = row.plugin, .bytes = size_of(bench.ours, row)};
    executable.has_tls = row.stage == Stage::database || row.stage == Stage::vswitch;
    for (const Side& peer : bench.peers) {
      executable.peers.push_back(size_of(peer, row));
    }
    executables.push_back(std::move(executable));
  }
}

bool kernel_filters_vlans() {
  try {
    nl::Socket socket;
    (void)nl::ensure_bridge(socket, {.name = IfName::parse("probe"), .vlan_filtering = true});
    return true;
  } catch (const SystemError&) {  // that is the answer
    return false;
  }
}

/// Those that can be measured here; what cannot is said.
std::vector<Row> possible_rows(Bench& bench, std::vector<Row> rows) {
  const bool vlans = kernel_filters_vlans();
  std::erase_if(rows, [&](const Row& row) {
    if (row.needs_vlan_filtering && !vlans) {
      bench.report.left_out.push_back(row.name + ": this kernel's bridges do not filter VLANs");
      return true;
    }
    return false;
  });
  for (const Side& peer : bench.peers) {
    for (const Row& row : rows) {
      if (!has_program(peer, row)) {
        bench.report.left_out.push_back(
            row.name + ": " + peer.name + " has no " + row.*peer.program);
      }
    }
  }
  return rows;
}

void install_sides(Bench& bench) {
  bench.ours = bench.installation.install({"ours", bench.options.ours, &Row::plugin});
  bench.floor = bench.installation.install({"floor", bench.options.ours, &Row::floor});
  for (const Peer& peer : bench.options.peers) {
    bench.report.peers.push_back(peer.name);
    bench.peers.push_back(bench.installation.install({peer.name, peer.path, &Row::reference}));
  }
}

/// All of ours, and something of every peer's: a name that is spelled wrong is no reason to measure
/// for minutes.
void require_executables(const Bench& bench, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    (void)find_executable(bench.ours, row);
  }
  for (std::size_t i = 0; !rows.empty() && i < bench.peers.size(); ++i) {
    if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) {
          return has_program(bench.peers[i], row);
        })) {
      const Peer& peer = bench.options.peers[i];
      throw Error{
          ErrorCode::invalid_config,
          "--peer " + peer.name + "=" + peer.path + ": none of the executables is there"};
    }
  }
}

}  // namespace

Report measure(const Options& options, Progress& progress) {
  Bench bench{options, progress};
  install_sides(bench);
  auto rows = matching_rows(options.rows);
  const bool with_paths = matches_packet_path(options.rows);
  const bool with_collections = matches_bulk_gc(options.rows);
  if (rows.empty() && !with_paths && !with_collections) {
    throw Error{ErrorCode::invalid_config, "--rows " + quote(options.rows) + ": no row matches"};
  }
  require_executables(bench, rows);
  bench.report.rounds = options.rounds;
  bench.report.load_before = load_average();
  adopt_orphans();
  enter_sandbox();
  bench.report.rows = possible_rows(bench, std::move(rows));
  list_executables(bench);
  measure_rows(bench);
  if (with_collections) {
    bench.report.collections = measure_bulk_gc(bench.ours, bench.pool, progress);
  }
  if (with_paths) {
    bench.report.paths = measure_packet_paths(progress);
  }
  sort_lines(bench.report.lines);
  bench.report.load_after = load_average();
  return std::move(bench.report);
}

}  // namespace patchbay::bench
