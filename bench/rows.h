#pragma once

#include <string>
#include <vector>

namespace patchbay::bench {

/// What a command of a row has to reach; 0: no goal.
struct Goals {
  double ratio = 0;          ///< Share of the reference's wall time.
  double crowded_ratio = 0;  ///< The same with the most containers attached, where it differs.
  double to_floor = 0;       ///< Multiple of the floor's wall time.
};

struct Step {
  std::string command;
  Goals goals{};
};

/// What stands ready on the hosts of a row.
enum class Stage {
  kernel,    ///< Nothing else.
  devices,   ///< A device for each container, the end of a veth pair, which is up.
  leases,    ///< Nothing; what is "attached" already are leases in the plugin's directory.
  database,  ///< An ovsdb-server with a bridge; what is attached already are rows without devices.
  vswitch,   ///< An ovs-vswitchd with it; what is attached already are devices.
};

/// One kind of attachment to measure.
struct Row {
  std::string name;
  std::string plugin;
  std::string config;  ///< Network configuration, see network_config().
  std::string job;     ///< What the floor has to do for the same.
  std::vector<Step> steps;
  std::string reference = plugin;  ///< The executable on the other side.
  std::string floor = "floor";     ///< That of the floor; empty: it has none.
  Stage stage = Stage::kernel;
  std::vector<unsigned> attached{0, 100, 500, 2000};  ///< Unless others are asked for.
  /// With more attached only ours is measured: the reference would take too long to get there.
  unsigned compared_up_to = 500;
  unsigned per_network = 100;        ///< Containers of one network, which is one bridge.
  std::vector<unsigned> at_once{1};  ///< Containers that come and go together.
  double throughput_goal = 0;        ///< Times the reference's, with the most of at_once.
  unsigned most_rounds = 0;          ///< 0: as many as are asked for, after a warm-up.
  double growth_goal = 1.10;  ///< Of the cost with the most attached to that with the fewest.
  bool needs_vlan_filtering = false;
  bool collects = false;  ///< GC of many attachments is measured, too.
};

/// Everything there is to measure; a plugin that comes later joins by one line.
const std::vector<Row>& all_rows();

/// Those whose name matches the regular expression `pattern`, or contains it, in any case.
std::vector<Row> matching_rows(const std::string& pattern);

/// The configuration of network number `number` of a row, without cniVersion and name: each has a
/// bridge and subnets of its own, numbered alike.
std::string network_config(const Row& row, unsigned number);

/// The device of container number `number` (Stage::devices).
std::string device_name(unsigned number);

/// The number by which a network's bridge and subnets are called: cni64, 10.64.0.0/16,
/// fd00:64::/64.
unsigned label_of_network(unsigned number);

}  // namespace patchbay::bench
