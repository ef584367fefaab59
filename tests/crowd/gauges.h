#pragma once

#include <functional>
#include <string>
#include <vector>

namespace patchbay::test {

/// Something that has to stay the same however often containers come and go.
struct Gauge {
  std::string name;
  std::string unit;
  std::function<double()> read;
  /// How much more it may be after so many cycles. What the whole machine shares gets more room
  /// than what belongs to the test alone, but less than a leak takes.
  std::function<double(double first, double cycles)> tolerance;
};

/// The gauges that this machine has: some of /proc/slabinfo are for root only, or for kernels that
/// show a cache of this name.
std::vector<Gauge> available_gauges();

}  // namespace patchbay::test
