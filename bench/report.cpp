#include "report.h"

#include <algorithm>
#include <iomanip>
#include <iterator>
#include <ostream>
#include <sstream>

namespace patchbay::bench {

namespace {

constexpr double kMegabyte = 1e6;
constexpr double kKilobytesPerMegabyte = 1024;

std::string number(double value, int digits = 2) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

/// Without decimals where they say nothing.
std::string milliseconds(double value) {
  return number(value, value < 1000 ? 2 : 0);
}

/// "1.84 [1.70..2.31]"
std::string spread(const Summary& summary) {
  return milliseconds(summary.median) + " [" + milliseconds(summary.min) + ".." +
         milliseconds(summary.max) + "]";
}

/// The value, and "!" when it misses its goal (0: none).
std::string judged(double value, double goal, int digits = 2) {
  return number(value, digits) + (goal > 0 && value > goal ? "!" : " ");
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

std::string megabytes_in_memory(const Series& series, double goal) {
  return judged(static_cast<double>(series.census.peak_rss_kb) / kKilobytesPerMegabyte, goal, 1);
}

void print_head(std::ostream& out) {
  out << padded("wall time, ms: median [min..max]", 74) << padded("floor", 15)
      << padded("CPU, ms", 29) << padded("peak MB", 14) << padded("processes", 12) << "\n"
      << std::left << std::setw(18) << "row" << std::right << padded("", 8) << padded("there", 6)
      << padded("ours", 22) << padded("reference", 25) << padded("ratio", 8) << padded("goal", 6)
      << padded("ms", 8) << padded("ours/", 7) << padded("ours", 8) << padded("ref", 8)
      << padded("ratio", 8) << padded("ours", 7) << padded("ref", 7) << padded("ours", 6)
      << padded("ref", 5) << "\n";
}

void print_wall(std::ostream& out, const Line& line) {
  const auto ours = values_of(line.ours, &Sample::wall_ms);
  const auto peer = values_of(line.peer, &Sample::wall_ms);
  out << padded(spread(summarize(ours)), 22) << padded(spread(summarize(peer)), 25)
      << padded(judged(median_ratio(ours, peer), line.goal, 3), 8)
      << padded(line.goal > 0 ? number(line.goal) : "", 6);
}

void print_floor(std::ostream& out, const Line& line) {
  const auto ours = values_of(line.ours, &Sample::wall_ms);
  const auto floor = values_of(line.floor, &Sample::wall_ms);
  out << padded(floor.empty() ? "" : number(summarize(floor).median), 8)
      << padded(floor.empty() ? "" : number(median_ratio(ours, floor)), 7);
}

void print_cpu(std::ostream& out, const Line& line) {
  const auto ours = values_of(line.ours, &Sample::cpu_ms);
  const auto peer = values_of(line.peer, &Sample::cpu_ms);
  out << padded(milliseconds(summarize(ours).median), 8)
      << padded(milliseconds(summarize(peer).median), 8)
      << padded(judged(median_ratio(ours, peer), kCpuGoal, 3), 8);
}

void print_line(std::ostream& out, const Line& line) {
  out << std::left << std::setw(18) << line.row << std::right << padded(line.command, 8)
      << padded(std::to_string(line.attached), 6);
  print_wall(out, line);
  print_floor(out, line);
  print_cpu(out, line);
  out << padded(megabytes_in_memory(line.ours, kMegabytesInMemory), 7)
      << padded(megabytes_in_memory(line.peer, 0), 7)
      << padded(std::to_string(line.ours.census.processes), 6)
      << padded(std::to_string(line.peer.census.processes), 5) << "\n";
}

void print_growths(std::ostream& out, const std::vector<Growth>& growths) {
  if (growths.empty()) {
    return;
  }
  out << "\nWith containers attached, as a multiple of the cost with the fewest (goal for ours "
      << number(kFlatnessGoal) << ")\n"
      << padded("there", 38) << padded("wall: ours", 14) << padded("own", 7)
      << padded("reference", 11) << padded("CPU: ours", 13) << padded("own", 7)
      << padded("reference", 11) << "\n";
  for (const auto& growth : growths) {
    out << std::left << std::setw(18) << growth.many.row << std::right
        << padded(growth.many.command, 8)
        << padded(
               std::to_string(growth.few.attached) + " -> " + std::to_string(growth.many.attached),
               12)
        << padded(judged(growth.ours_wall, kFlatnessGoal), 14)
        << padded(judged(growth.own_wall, kFlatnessGoal), 7) << padded(number(growth.peer_wall), 11)
        << padded(judged(growth.ours_cpu, kFlatnessGoal), 13)
        << padded(judged(growth.own_cpu, kFlatnessGoal), 7) << padded(number(growth.peer_cpu), 11)
        << "\n";
  }
}

void print_receptions(std::ostream& out, const std::vector<Line>& lines) {
  bool headed = false;
  for (const auto& line : lines) {
    if (line.peer.census.received == 0) {
      continue;
    }
    out << (headed ? ""
                   : "\nBytes received in one call, by recvfrom: from the kernel by netlink, and "
                     "from ovsdb-server\n")
        << std::left << std::setw(18) << line.row << std::right << padded(line.command, 8)
        << padded(std::to_string(line.attached), 6)
        << padded(std::to_string(line.ours.census.received), 12)
        << padded(std::to_string(line.peer.census.received), 12) << "\n";
    headed = true;
  }
}

void print_sizes(std::ostream& out, const Report& report) {
  out << "\nExecutables, MB on disk (goal for ours " << number(kMegabytesOnDisk, 1) << ", with TLS "
      << number(kMegabytesOnDiskWithTls, 1) << ")\n";
  double ours = 0;
  double peer = 0;
  for (std::size_t i = 0; i < report.ours.size(); ++i) {
    ours += static_cast<double>(report.ours[i].bytes) / kMegabyte;
    peer += static_cast<double>(report.peer[i].bytes) / kMegabyte;
    const double goal = report.ours[i].has_tls ? kMegabytesOnDiskWithTls : kMegabytesOnDisk;
    out << std::left << std::setw(18) << report.ours[i].name << std::right
        << padded(judged(static_cast<double>(report.ours[i].bytes) / kMegabyte, goal), 8)
        << padded(number(static_cast<double>(report.peer[i].bytes) / kMegabyte), 8) << "   "
        << report.ours[i].path << ", " << report.peer[i].path << "\n";
  }
  out << std::left << std::setw(18) << "together" << std::right << padded(number(ours) + " ", 8)
      << padded(number(peer), 8) << "   ratio " << number(ours / peer, 3) << "\n";
}

void print_notes(std::ostream& out, const Report& report) {
  out << "\n"
      << report.rounds
      << " rounds, interleaved; ratios are medians of the ratios pair by pair; '!' misses its "
         "goal.\n"
         "Load average before "
      << number(report.load_before) << ", after " << number(report.load_after)
      << ": more than about 1 means that somebody else was at work, too.\n"
         "there: containers attached to the same host before. CPU: user and system time of the\n"
         "process and all its descendants. A DEL of ours leaves a child that sits out the "
         "kernel's\n"
         "freeing of the link (about 20 ms, nearly all of it asleep): it is not in the wall time,\n"
         "because no runtime waits for it, but its CPU time is counted, and nothing else runs\n"
         "until it has ended. Peak MB: of the largest process; counted under ptrace, off the "
         "clock.\n"
         "floor: the kernel requests that the job cannot do without, and a process start; no\n"
         "lease, no checks. own: ours, less the milliseconds by which the floor has grown.\n";
}

double median_of(const Series& series, double Sample::*figure) {
  return summarize(values_of(series, figure)).median;
}

double growth(const Series& few, const Series& many, double Sample::*figure) {
  const double before = median_of(few, figure);
  return before > 0 ? median_of(many, figure) / before : 0;
}

double own_growth(const Line& few, const Line& many, double Sample::*figure) {
  const double before = median_of(few.ours, figure);
  const double kernel = median_of(many.floor, figure) - median_of(few.floor, figure);
  return before > 0 ? (median_of(many.ours, figure) - kernel) / before : 0;
}

}  // namespace

std::vector<double> values_of(const Series& series, double Sample::*figure) {
  std::vector<double> values;
  std::transform(
      series.samples.begin(),
      series.samples.end(),
      std::back_inserter(values),
      [&](const Sample& sample) { return sample.*figure; });
  return values;
}

std::vector<Growth> growths_of(const Report& report) {
  std::vector<Growth> growths;
  const Line* few = nullptr;
  for (const auto& line : report.lines) {
    const bool same = few != nullptr && few->row == line.row && few->command == line.command;
    if (!same) {
      few = &line;
      continue;
    }
    growths.push_back(
        {.few = *few,
         .many = line,
         .ours_wall = growth(few->ours, line.ours, &Sample::wall_ms),
         .ours_cpu = growth(few->ours, line.ours, &Sample::cpu_ms),
         .peer_wall = growth(few->peer, line.peer, &Sample::wall_ms),
         .peer_cpu = growth(few->peer, line.peer, &Sample::cpu_ms),
         .own_wall = own_growth(*few, line, &Sample::wall_ms),
         .own_cpu = own_growth(*few, line, &Sample::cpu_ms)});
  }
  return growths;
}

void print_table(std::ostream& out, const Report& report) {
  print_head(out);
  for (const auto& line : report.lines) {
    print_line(out, line);
  }
  print_growths(out, growths_of(report));
  print_receptions(out, report.lines);
  print_sizes(out, report);
  print_notes(out, report);
}

}  // namespace patchbay::bench
