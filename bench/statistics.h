#pragma once

#include <vector>

namespace patchbay::bench {

struct Summary {
  double median = 0;
  double min = 0;
  double max = 0;
};

/// All zero for no values.
Summary summarize(std::vector<double> values);

/// The value below which `share` (0..1) of the values lie; 0 for no values.
double percentile(std::vector<double> values, double share);

/// The median of ours[i] / theirs[i]: what drifts during a run drifts in both halves of a pair.
double median_ratio(const std::vector<double>& ours, const std::vector<double>& theirs);

}  // namespace patchbay::bench
