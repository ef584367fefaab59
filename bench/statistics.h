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

/// The median of ours[i] / theirs[i]: what drifts during a run drifts in both halves of a pair.
double median_ratio(const std::vector<double>& ours, const std::vector<double>& theirs);

}  // namespace patchbay::bench
