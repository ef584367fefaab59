#include <unistd.h>

#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "report.h"

namespace patchbay::bench {

namespace {

using nlohmann::json;

json to_json(const Series& series, double Sample::*figure) {
  const auto values = values_of(series, figure);
  const Summary summary = summarize(values);
  return {
      {"median", summary.median}, {"min", summary.min}, {"max", summary.max}, {"samples", values}};
}

json to_json(const Series& series) {
  if (series.samples.empty()) {
    return nullptr;
  }
  const Throughput throughput = throughput_of(series);
  return {
      {"wall_ms", to_json(series, &Sample::wall_ms)},
      {"cpu_ms", to_json(series, &Sample::cpu_ms)},
      {"per_second", throughput.per_second},
      {"p99_ms", throughput.p99_ms},
      {"peak_rss_kb", series.census.peak_rss_kb},
      {"processes", series.census.processes},
      {"system_calls", series.census.system_calls},
      {"received_bytes", series.census.received}};
}

/// Of ours to another's, as the table has them.
json ratios(const Line& line, const Series& other) {
  const auto ratio = [&](double Sample::*figure) {
    return median_ratio(values_of(line.ours, figure), values_of(other, figure));
  };
  return {{"wall", ratio(&Sample::wall_ms)}, {"cpu", ratio(&Sample::cpu_ms)}};
}

json to_json(const Line& line, const Report& report) {
  json object{
      {"row", line.row->name},
      {"command", line.step->command},
      {"attached", line.attached},
      {"at_once", line.at_once},
      {"goal", ratio_goal_of(line)},
      {"ours", to_json(line.ours)},
      {"floor", to_json(line.floor)},
      {"base", to_json(line.base)},
      {"to_floor", ratios(line, line.floor)},
      {"to_base", ratios(line, line.base)},
      {"peers", json::object()}};
  for (std::size_t peer = 0; peer < report.peers.size(); ++peer) {
    object["peers"][report.peers[peer]] = to_json(line.peers[peer]);
    object["to_peers"][report.peers[peer]] = ratios(line, line.peers[peer]);
  }
  return object;
}

json to_json(const Growth& growth) {
  return {
      {"row", growth.many.row->name},
      {"command", growth.many.step->command},
      {"from", growth.few.attached},
      {"to", growth.many.attached},
      {"goal", growth.many.row->growth_goal},
      {"wall",
       {{"ours", growth.ours_wall},
        {"reference", growth.peer_wall},
        {"floor", growth.floor_wall},
        {"own", growth.own_wall}}},
      {"cpu", {{"ours", growth.ours_cpu}}}};
}

json to_json(const Executable& executable, const Report& report) {
  json object{{"name", executable.name}, {"bytes", executable.bytes}, {"peers", json::object()}};
  for (std::size_t peer = 0; peer < report.peers.size(); ++peer) {
    object["peers"][report.peers[peer]] = executable.peers[peer];
  }
  return object;
}

json to_json(const BulkGc& one) {
  return {
      {"row", one.row->name},
      {"stale", kStale},
      {"gc_ms", summarize(one.gc_ms).median},
      {"del_ms", summarize(one.del_ms).median},
      {"goal_times", kBulkGcGoal}};
}

json to_json(const PacketPath& path) {
  return {
      {"rules", path.rules},
      {"entries", path.entries},
      {"connect_us",
       {{"median", summarize(path.connect_us).median}, {"p99", percentile(path.connect_us, 0.99)}}},
      {"gigabits_per_second", summarize(path.gigabits).median}};
}

json machine() {
  utsname name{};
  (void)::uname(&name);
  return {
      {"kernel", name.release},
      {"machine", name.machine},
      {"cpus", ::sysconf(_SC_NPROCESSORS_ONLN)}};
}

}  // namespace

std::string to_json(const Report& report) {
  json object{
      {"machine", machine()},
      {"rounds", report.rounds},
      {"load_average", {{"before", report.load_before}, {"after", report.load_after}}},
      {"left_out", report.left_out},
      {"executables", json::array()},
      {"rows", json::array()},
      {"growth", json::array()},
      {"bulk_gc", json::array()},
      {"packet_path", json::array()}};
  for (const auto& executable : report.executables) {
    object["executables"].push_back(to_json(executable, report));
  }
  for (const auto& line : report.lines) {
    object["rows"].push_back(to_json(line, report));
  }
  for (const auto& growth : growths_of(report)) {
    object["growth"].push_back(to_json(growth));
  }
  for (const auto& one : report.collections) {
    object["bulk_gc"].push_back(to_json(one));
  }
  for (const auto& path : report.paths) {
    object["packet_path"].push_back(to_json(path));
  }
  return object.dump(2) + "\n";
}

}  // namespace patchbay::bench
