#pragma once

#include <string>
#include <vector>

namespace patchbay::bench {

/// One command of a row, and the share of the reference's wall time that it may take (0: no goal).
struct Step {
  std::string command;
  double goal = 0;
  double crowded_goal = 0;  ///< With the most containers attached; 0: the same.
};

/// What stands ready on the hosts of a row.
enum class Stage {
  kernel,    ///< Nothing else.
  database,  ///< An ovsdb-server with a bridge; what is attached already are rows without devices.
  vswitch,   ///< An ovs-vswitchd with it; what is attached already are devices.
};

/// One kind of attachment to measure.
struct Row {
  std::string name;
  std::string plugin;
  std::string config;  ///< Network configuration, without cniVersion and name.
  std::string job;     ///< What the floor has to do for the same.
  std::vector<Step> steps;
  std::string reference = plugin;  ///< The executable on the other side.
  std::string floor = "floor";     ///< That of the floor; empty: it has none.
  Stage stage = Stage::kernel;
  std::vector<unsigned> attached{0, 500};  ///< Unless others are asked for.
  unsigned at_once = 1;                    ///< Containers that come and go together.
  unsigned most_rounds = 0;                ///< 0: as many as are asked for, after a warm-up.
};

/// Everything there is to measure; a plugin that comes later joins by one line.
const std::vector<Row>& all_rows();

/// Those whose name matches the regular expression `pattern`, or contains it, in any case.
std::vector<Row> matching_rows(const std::string& pattern);

}  // namespace patchbay::bench
