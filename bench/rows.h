#pragma once

#include <string>
#include <vector>

namespace patchbay::bench {

/// One command of a row, and the share of the reference's wall time that it may take (0: no goal).
struct Step {
  std::string command;
  double goal = 0;
};

/// One kind of attachment to measure.
struct Row {
  std::string name;
  std::string plugin;
  std::string config;  ///< Network configuration, without cniVersion and name.
  std::string floor;   ///< What floor/floor.cpp has to do for the same.
  std::vector<Step> steps;
};

/// Everything there is to measure; a plugin that comes later joins by one line.
const std::vector<Row>& all_rows();

/// Those whose name matches the regular expression `pattern`, or contains it, in any case.
std::vector<Row> matching_rows(const std::string& pattern);

}  // namespace patchbay::bench
