#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "report.h"

namespace patchbay::bench {

namespace {

constexpr double kMegabyte = 1e6;
constexpr double kKilobytesPerMegabyte = 1024;
constexpr int kNameWidth = 20;

std::string number(double value, int digits = 2) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

/// Without decimals where they say nothing; nothing where nothing was measured.
std::string milliseconds(double value) {
  return value == 0 ? "-" : number(value, value < 1000 ? 2 : 0);
}

/// "1.84 [1.70..2.31]"
std::string spread(const std::vector<double>& values) {
  if (values.empty()) {
    return "-";
  }
  const Summary summary = summarize(values);
  return milliseconds(summary.median) + " [" + milliseconds(summary.min) + ".." +
         milliseconds(summary.max) + "]";
}

/// The value, and "!" when it misses its goal (0: none); "-" where nothing was measured.
std::string judged(double value, double goal, int digits = 2) {
  return value == 0 ? "- " : number(value, digits) + (goal > 0 && value > goal ? "!" : " ");
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

std::string named(const std::string& text) {
  return text + std::string(text.size() < kNameWidth ? kNameWidth - text.size() : 1, ' ');
}

std::string count(long value) {
  return value == 0 ? "-" : std::to_string(value);
}

std::string memory(const Series& series, double goal) {
  return judged(static_cast<double>(series.census.peak_rss_kb) / kKilobytesPerMegabyte, goal, 1);
}

std::string what_of(const Line& line) {
  return named(line.row->name) + padded(line.step->command, 8);
}

void print_head(std::ostream& out, const std::string& peer) {
  out << padded("wall time, ms: median [min..max]", 76) << padded("floor", 15)
      << padded("CPU, ms", 29) << padded("peak MB", 14) << padded("processes", 12)
      << padded("system calls", 14) << "\n"
      << named("row") << padded("", 8) << padded("there", 7) << padded("ours", 22)
      << padded(peer, 25) << padded("ratio", 8) << padded("goal", 6) << padded("ms", 8)
      << padded("ours/", 7) << padded("ours", 8) << padded(peer, 10) << padded("ratio", 8)
      << padded("ours", 7) << padded("its", 7) << padded("ours", 6) << padded("its", 5)
      << padded("ours", 8) << padded("its", 7) << "\n";
}

void print_wall(std::ostream& out, const Line& line, const Series& peer) {
  const auto ours = values_of(line.ours, &Sample::wall_ms);
  const auto its = values_of(peer, &Sample::wall_ms);
  const double goal = ratio_goal_of(line);
  out << padded(spread(ours), 22) << padded(spread(its), 25)
      << padded(judged(median_ratio(ours, its), goal, 3), 8)
      << padded(goal > 0 ? number(goal) : "", 6);
}

void print_floor(std::ostream& out, const Line& line) {
  const auto ours = values_of(line.ours, &Sample::wall_ms);
  const auto floor = values_of(line.floor, &Sample::wall_ms);
  out << padded(milliseconds(summarize(floor).median), 8)
      << padded(judged(median_ratio(ours, floor), line.step->goals.to_floor), 7);
}

void print_cpu(std::ostream& out, const Line& line, const Series& peer) {
  const auto ours = values_of(line.ours, &Sample::cpu_ms);
  const auto its = values_of(peer, &Sample::cpu_ms);
  out << padded(milliseconds(summarize(ours).median), 8)
      << padded(milliseconds(summarize(its).median), 10)
      << padded(judged(median_ratio(ours, its), kCpuGoal, 3), 8);
}

void print_line(std::ostream& out, const Line& line, const Series& peer) {
  out << what_of(line) << padded(std::to_string(line.attached), 7);
  print_wall(out, line, peer);
  print_floor(out, line);
  print_cpu(out, line, peer);
  out << padded(memory(line.ours, kMegabytesInMemory), 7) << padded(memory(peer, 0), 7)
      << padded(count(line.ours.census.processes), 6) << padded(count(peer.census.processes), 5)
      << padded(count(line.ours.census.system_calls), 8)
      << padded(count(peer.census.system_calls), 7) << "\n";
}

void print_lines(std::ostream& out, const Report& report, std::size_t peer) {
  print_head(out, report.peers[peer]);
  for (const Line& line : report.lines) {
    if (line.at_once == 1) {
      print_line(out, line, line.peers[peer]);
    }
  }
}

void print_growths(std::ostream& out, const Report& report) {
  const auto growths = growths_of(report);
  if (growths.empty()) {
    return;
  }
  out << "\nWith more attached, as a multiple of the cost with the fewest\n"
      << named("") << padded("", 8) << padded("there", 14) << padded("wall: ours", 12)
      << padded("goal", 6) << padded("own", 8) << padded("floor", 8)
      << padded(report.peers.front(), 11) << padded("CPU: ours", 11) << "\n";
  for (const auto& growth : growths) {
    const double goal = growth.many.row->growth_goal;
    const std::string there =
        std::to_string(growth.few.attached) + " -> " + std::to_string(growth.many.attached);
    out << what_of(growth.many) << padded(there, 14) << padded(judged(growth.ours_wall, goal), 12)
        << padded(number(goal), 6) << padded(judged(growth.own_wall, goal), 8)
        << padded(judged(growth.floor_wall, 0), 8) << padded(judged(growth.peer_wall, 0), 11)
        << padded(judged(growth.ours_cpu, goal), 11) << "\n";
  }
}

/// A throughput is better when it is larger.
std::string judged_throughput(double ours, double its, double goal) {
  if (its == 0) {
    return "-";
  }
  return number(ours / its, 1) + (goal > 0 && ours / its < goal ? "!" : " ");
}

void print_together(std::ostream& out, const Line& line, const Series& peer) {
  const auto ours = throughput_of(line.ours);
  const auto its = throughput_of(peer);
  const bool judges = line.at_once == line.row->at_once.back() && line.step->command == "ADD";
  out << what_of(line) << padded(std::to_string(line.at_once), 9)
      << padded(number(ours.per_second, 0), 9) << padded(number(its.per_second, 0), 11)
      << padded(
             judged_throughput(
                 ours.per_second, its.per_second, judges ? line.row->throughput_goal : 0),
             8)
      << padded(
             judges && line.row->throughput_goal > 0 ? number(line.row->throughput_goal, 0) : "", 6)
      << padded(milliseconds(ours.p99_ms), 12) << padded(milliseconds(its.p99_ms), 11) << "\n";
}

void print_crowds(std::ostream& out, const Report& report) {
  const bool any = std::any_of(report.lines.begin(), report.lines.end(), [](const Line& line) {
    return line.row->at_once.back() > 1;
  });
  if (!any) {
    return;
  }
  out << "\nMany at once" << padded("per second", 43) << padded("p99, ms", 31) << "\n"
      << named("") << padded("", 8) << padded("at once", 9) << padded("ours", 9)
      << padded(report.peers.front(), 11) << padded("times", 8) << padded("goal", 6)
      << padded("ours", 12) << padded(report.peers.front(), 11) << "\n";
  for (const Line& line : report.lines) {
    if (line.row->at_once.back() > 1 && line.attached == line.row->attached.front()) {
      print_together(out, line, line.peers.front());
    }
  }
}

void print_receptions(std::ostream& out, const std::vector<Line>& lines) {
  bool headed = false;
  for (const auto& line : lines) {
    const bool by_daemon = line.row->stage == Stage::database || line.row->stage == Stage::vswitch;
    if (!by_daemon || line.peers.front().census.received == 0) {
      continue;
    }
    out << (headed ? ""
                   : "\nBytes received in one call, by recvfrom: from the kernel by netlink, and "
                     "from ovsdb-server\n")
        << what_of(line) << padded(std::to_string(line.attached), 7)
        << padded(std::to_string(line.ours.census.received), 12)
        << padded(std::to_string(line.peers.front().census.received), 12) << "\n";
    headed = true;
  }
}

void print_collections(std::ostream& out, const std::vector<BulkGc>& collections) {
  if (collections.empty()) {
    return;
  }
  out << "\nGC of " << kStale << " stale attachments, ms: median [min..max]\n"
      << named("row") << padded("GC", 27) << padded("DEL, awaited", 21) << padded("times", 9)
      << padded("goal", 6) << "\n";
  for (const BulkGc& one : collections) {
    const double times = summarize(one.gc_ms).median / summarize(one.del_ms).median;
    out << named(one.row->name) << padded(spread(one.gc_ms), 27) << padded(spread(one.del_ms), 21)
        << padded(judged(times, kBulkGcGoal, 1), 9) << padded(number(kBulkGcGoal, 0), 6) << "\n";
  }
}

void print_paths(std::ostream& out, const std::vector<PacketPath>& paths) {
  if (paths.empty()) {
    return;
  }
  out << "\nThrough the masquerade, from the container that came last\n"
      << named("rules") << padded("containers", 11) << padded("connect, us: median", 23)
      << padded("p99", 9) << padded("Gbit/s", 9) << "\n";
  for (const PacketPath& path : paths) {
    out << named(path.rules) << padded(std::to_string(path.entries), 11)
        << padded(number(summarize(path.connect_us).median, 1), 23)
        << padded(number(percentile(path.connect_us, 0.99), 1), 9)
        << padded(number(summarize(path.gigabits).median, 1), 9) << "\n";
  }
}

void print_sizes(std::ostream& out, const Report& report) {
  if (report.executables.empty()) {
    return;
  }
  out << "\nExecutables, MB on disk (goal for ours " << number(kMegabytesOnDisk, 1) << ", with TLS "
      << number(kMegabytesOnDiskWithTls, 1) << ")\n";
  for (const Executable& executable : report.executables) {
    const double goal = executable.has_tls ? kMegabytesOnDiskWithTls : kMegabytesOnDisk;
    out << named(executable.name)
        << padded(judged(static_cast<double>(executable.bytes) / kMegabyte, goal), 8);
    for (const auto bytes : executable.peers) {
      out << padded(bytes > 0 ? number(static_cast<double>(bytes) / kMegabyte) : "-", 9);
    }
    out << "\n";
  }
  for (std::size_t peer = 0; peer < report.peers.size(); ++peer) {
    const auto size = suite_size(report, peer);
    const double share =
        size.peer > 0 ? static_cast<double>(size.ours) / static_cast<double>(size.peer) : 0;
    out << "those of " << report.peers[peer]
        << ", together: " << number(static_cast<double>(size.ours) / kMegabyte) << " of "
        << number(static_cast<double>(size.peer) / kMegabyte) << ", ratio "
        << judged(share, kSuiteGoal, 3) << "(goal " << number(kSuiteGoal, 1) << ")\n";
  }
}

void print_notes(std::ostream& out, const Report& report) {
  for (const auto& text : report.left_out) {
    out << "\nLeft out: " << text;
  }
  out << "\n\n"
      << report.rounds
      << " rounds, interleaved; ratios are medians of the ratios pair by pair; '!' misses its "
         "goal.\n"
         "Load average before "
      << number(report.load_before) << ", after " << number(report.load_after)
      << ": more than about 1 means that somebody else was at work, too.\n"
         "there: containers attached to the same host before, a hundred in a network at the most.\n"
         "CPU: user and system time of the process and all its descendants. A DEL of ours leaves "
         "a\n"
         "child that sits out the kernel's freeing of the link (about 20 ms, nearly all of it\n"
         "asleep): it is not in the wall time, because no runtime waits for it, but its CPU time "
         "is\n"
         "counted, and nothing else runs until it has ended. Peak MB: of the largest process;\n"
         "memory, processes and system calls are counted under ptrace, off the clock.\n"
         "floor: the kernel requests that the job cannot do without, and a process start; no\n"
         "lease, no checks. own: ours, less the milliseconds by which the floor has grown.\n";
}

}  // namespace

void print_table(std::ostream& out, const Report& report) {
  for (std::size_t peer = 0; peer < report.peers.size(); ++peer) {
    if (!report.lines.empty()) {
      print_lines(out, report, peer);
      out << "\n";
    }
  }
  print_growths(out, report);
  print_crowds(out, report);
  print_receptions(out, report.lines);
  print_collections(out, report.collections);
  print_paths(out, report.paths);
  print_sizes(out, report);
  print_notes(out, report);
}

}  // namespace patchbay::bench
