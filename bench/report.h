#pragma once

#include <iosfwd>
#include <string>

#include "measure.h"
#include "statistics.h"

namespace patchbay::bench {

/// The largest executable and the largest memory that ours may have, in MB.
constexpr double kMegabytesOnDisk = 2.5;
constexpr double kMegabytesOnDiskWithTls = 7.0;
constexpr double kMegabytesInMemory = 4.0;
/// The share of the reference's CPU time, and of its suite's size on disk, that ours may take.
constexpr double kCpuGoal = 0.25;
constexpr double kSuiteGoal = 0.4;

/// One figure of every sample of a series.
std::vector<double> values_of(const Series& series, double Sample::*figure);
/// The median of one figure; 0 when nothing was measured.
double median_of(const Series& series, double Sample::*figure);
/// The time that each process of a series took.
std::vector<double> latencies_of(const Series& series);

/// The share of the reference's wall time that a line may take; 0: no goal.
double ratio_goal_of(const Line& line);

/// How the cost of a command has grown from the fewest attached to `many`.
struct Growth {
  const Line& few;
  const Line& many;
  double ours_wall = 0;  ///< Median of the ratios round by round.
  double ours_cpu = 0;
  double peer_wall = 0;  ///< Ratio of the medians, of the first peer; 0 where it was not measured.
  double floor_wall = 0;
  /// Ours without the milliseconds by which the floor has grown; 0 where it was not measured.
  double own_wall = 0;
};

/// For each command that was measured with different numbers attached. Refers to `report`.
std::vector<Growth> growths_of(const Report& report);

/// What so many at once get done.
struct Throughput {
  double per_second = 0;
  double p99_ms = 0;
};
Throughput throughput_of(const Series& series);

/// The suite's executables that both have, in bytes.
struct SuiteSize {
  std::uintmax_t ours = 0;
  std::uintmax_t peer = 0;
};
SuiteSize suite_size(const Report& report, std::size_t peer);

/// For people.
void print_table(std::ostream& out, const Report& report);

/// For programs; with every single measurement.
std::string to_json(const Report& report);

/// For bench/curves.gp: what each command costs with more and more attached.
std::string to_curves(const Report& report);

}  // namespace patchbay::bench
