#include "report.h"

#include <algorithm>
#include <iterator>

namespace patchbay::bench {

namespace {

double ratio(double many, double few) {
  return few > 0 ? many / few : 0;
}

double growth(const Series& few, const Series& many, double Sample::*figure) {
  return ratio(median_of(many, figure), median_of(few, figure));
}

double own_growth(const Line& few, const Line& many) {
  const double floor_few = median_of(few.floor, &Sample::wall_ms);
  const double floor_many = median_of(many.floor, &Sample::wall_ms);
  if (floor_few == 0 || floor_many == 0) {
    return 0;
  }
  const double kernel = floor_many - floor_few;
  return ratio(
      median_of(many.ours, &Sample::wall_ms) - kernel, median_of(many.base, &Sample::wall_ms));
}

Growth growth_of(const Line& few, const Line& many) {
  const auto paired = [&](double Sample::*figure) {
    return median_ratio(values_of(many.ours, figure), values_of(many.base, figure));
  };
  return {
      .few = few,
      .many = many,
      .ours_wall = paired(&Sample::wall_ms),
      .ours_cpu = paired(&Sample::cpu_ms),
      .peer_wall = growth(few.peers.front(), many.peers.front(), &Sample::wall_ms),
      .floor_wall = growth(few.floor, many.floor, &Sample::wall_ms),
      .own_wall = own_growth(few, many)};
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

double median_of(const Series& series, double Sample::*figure) {
  return summarize(values_of(series, figure)).median;
}

std::vector<double> latencies_of(const Series& series) {
  std::vector<double> all;
  for (const Sample& sample : series.samples) {
    all.insert(all.end(), sample.latencies_ms.begin(), sample.latencies_ms.end());
  }
  return all;
}

double ratio_goal_of(const Line& line) {
  const Goals& goals = line.step->goals;
  const bool crowded = goals.crowded_ratio > 0 && line.attached >= line.row->attached.back();
  return crowded ? goals.crowded_ratio : goals.ratio;
}

std::vector<Growth> growths_of(const Report& report) {
  std::vector<Growth> growths;
  const Line* few = nullptr;
  for (const auto& line : report.lines) {
    if (line.base.samples.empty()) {
      few = &line;
    } else if (few != nullptr && few->step == line.step) {
      growths.push_back(growth_of(*few, line));
    }
  }
  return growths;
}

Throughput throughput_of(const Series& series) {
  const auto latencies = latencies_of(series);
  double wall_ms = 0;
  for (const Sample& sample : series.samples) {
    wall_ms += sample.wall_ms;
  }
  return {ratio(static_cast<double>(latencies.size()) * 1e3, wall_ms), percentile(latencies, 0.99)};
}

SuiteSize suite_size(const Report& report, std::size_t peer) {
  SuiteSize size;
  for (const Executable& executable : report.executables) {
    if (executable.peers[peer] > 0 && !executable.has_tls) {
      size.ours += executable.bytes;
      size.peer += executable.peers[peer];
    }
  }
  return size;
}

}  // namespace patchbay::bench
