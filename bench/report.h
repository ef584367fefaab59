#pragma once

#include <iosfwd>
#include <string>

#include "measure.h"
#include "statistics.h"

namespace patchbay::bench {

/// The largest executable and the largest memory that ours may have (issue "The core suite").
constexpr double kMegabytesOnDisk = 2.5;
constexpr double kMegabytesOnDiskWithTls = 7.0;
constexpr double kMegabytesInMemory = 4.0;
/// The share of the reference's CPU time that ours may take.
constexpr double kCpuGoal = 1.0 / 3;
/// How much more a call may cost with containers attached than with none.
constexpr double kFlatnessGoal = 1.10;

/// One figure of every sample of a series.
std::vector<double> values_of(const Series& series, double Sample::*figure);

/// How the cost of a command grows from `few` to `many` attached containers.
struct Growth {
  const Line& few;
  const Line& many;
  double ours_wall = 0;  ///< Ratio of the medians.
  double ours_cpu = 0;
  double peer_wall = 0;
  double peer_cpu = 0;
  /// Ours without the milliseconds by which the floor has grown: what is not the kernel's.
  double own_wall = 0;
  double own_cpu = 0;
};

/// For each command that was measured with different numbers of containers attached: the smallest
/// against every other. Refers to `report`.
std::vector<Growth> growths_of(const Report& report);

/// For people.
void print_table(std::ostream& out, const Report& report);

/// For programs; with every single measurement.
std::string to_json(const Report& report);

}  // namespace patchbay::bench
