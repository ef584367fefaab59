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

json to_json(const Line& line, double Sample::*figure) {
  return {
      {"ours", to_json(line.ours, figure)},
      {"reference", to_json(line.peer, figure)},
      {"floor", to_json(line.floor, figure)},
      {"ratio", median_ratio(values_of(line.ours, figure), values_of(line.peer, figure))},
      {"to_floor", median_ratio(values_of(line.ours, figure), values_of(line.floor, figure))}};
}

json to_json(const Line& line) {
  json object{
      {"row", line.row},
      {"command", line.command},
      {"attached", line.attached},
      {"wall_ms", to_json(line, &Sample::wall_ms)},
      {"cpu_ms", to_json(line, &Sample::cpu_ms)},
      {"peak_rss_kb",
       {{"ours", line.ours.census.peak_rss_kb}, {"reference", line.peer.census.peak_rss_kb}}},
      {"received_bytes",
       {{"ours", line.ours.census.received}, {"reference", line.peer.census.received}}},
      {"processes",
       {{"ours", line.ours.census.processes}, {"reference", line.peer.census.processes}}}};
  if (line.goal > 0) {
    object["wall_ms"]["goal"] = line.goal;
  }
  return object;
}

json to_json(const Growth& growth) {
  return {
      {"row", growth.many.row},
      {"command", growth.many.command},
      {"from", growth.few.attached},
      {"to", growth.many.attached},
      {"wall",
       {{"ours", growth.ours_wall}, {"reference", growth.peer_wall}, {"own", growth.own_wall}}},
      {"cpu",
       {{"ours", growth.ours_cpu}, {"reference", growth.peer_cpu}, {"own", growth.own_cpu}}}};
}

json to_json(const std::vector<Executable>& executables) {
  json list = json::array();
  for (const auto& executable : executables) {
    list.push_back(
        {{"name", executable.name}, {"path", executable.path}, {"bytes", executable.bytes}});
  }
  return list;
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
      {"executables", {{"ours", to_json(report.ours)}, {"reference", to_json(report.peer)}}},
      {"rows", json::array()},
      {"growth", json::array()}};
  for (const auto& line : report.lines) {
    object["rows"].push_back(to_json(line));
  }
  for (const auto& growth : growths_of(report)) {
    object["growth"].push_back(to_json(growth));
  }
  return object.dump(2) + "\n";
}

}  // namespace patchbay::bench
