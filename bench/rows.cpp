#include "rows.h"

#include <algorithm>
#include <iterator>
#include <regex>

#include "base/error.h"

namespace patchbay::bench {

namespace {

constexpr unsigned kFirstNetwork = 64;
constexpr std::string_view kPlaceholder = "%N";

constexpr auto kV4 =
    R"("ipam": {"type": "host-local", "ranges": [[{"subnet": "10.%N.0.0/16"}]],
               "routes": [{"dst": "0.0.0.0/0"}]})";
constexpr auto kDual =
    R"("ipam": {"type": "host-local",
               "ranges": [[{"subnet": "10.%N.0.0/16"}], [{"subnet": "fd00:%N::/64"}]],
               "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]})";

std::string bridge(const std::string& ipam, const std::string& more = R"("isGateway": true, )") {
  return R"({"type": "bridge", "bridge": "cni%N", )" + more + ipam + "}";
}

std::string ptp(const std::string& ipam) {
  return R"({"type": "ptp", )" + ipam + "}";
}

/// ADD, CHECK and DEL.
std::vector<Step> life(Goals add, Goals del) {
  return {{"ADD", add}, {"CHECK"}, {"DEL", del}};
}

constexpr Goals kStart{.ratio = 0.35, .to_floor = 1.1};
constexpr Goals kAdd{.ratio = 0.27, .to_floor = 1.4};
constexpr Goals kDel{.ratio = 0.12, .to_floor = 1.4};

std::vector<Row> usual_rows() {
  return {
      {.name = "VERSION",
       .plugin = "bridge",
       .config = "{}",
       .job = {},
       .steps = {{"VERSION", kStart}},
       .attached = {0}},
      {.name = "loopback",
       .plugin = "loopback",
       .config = R"({"type": "loopback"})",
       .job = "lo",
       .steps = life(kStart, kStart),
       .at_once = {1, 8, 32}},
      {.name = "veth (ptp)",
       .plugin = "ptp",
       .config = ptp(kV4),
       .job = "veth v4",
       .steps = life(kAdd, kDel),
       .at_once = {1, 8, 32}},
      {.name = "bridge",
       .plugin = "bridge",
       .config = bridge(kV4),
       .job = "bridge v4",
       .steps = life(kAdd, kDel),
       .at_once = {1, 8, 32}},
      {.name = "bridge ipMasq",
       .plugin = "bridge",
       .config = bridge(kV4, R"("isGateway": true, "ipMasq": true, )"),
       .job = "bridge v4 masquerade",
       .steps = life({.ratio = 0.08, .to_floor = 1.5}, {.ratio = 0.04, .to_floor = 1.5}),
       .at_once = {1, 8, 32},
       .throughput_goal = 8,
       .collects = true}};
}

std::vector<Row> further_bridge_rows() {
  return {
      {.name = "bridge dual stack",
       .plugin = "bridge",
       .config = bridge(kDual),
       .job = "bridge v4 v6",
       .steps = life(kAdd, kDel)},
      {.name = "bridge VLAN",
       .plugin = "bridge",
       .config = bridge(kV4, R"("vlan": 100, )"),
       .job = "bridge v4 vlan",
       .steps = life(kAdd, kDel),
       .needs_vlan_filtering = true},
      {.name = "one bridge for all",
       .plugin = "bridge",
       .config = bridge(kV4),
       .job = "bridge v4",
       .steps = life(kAdd, kDel),
       .attached = {0, 500},
       .per_network = 1000}};
}

std::vector<Row> other_rows() {
  return {
      {.name = "host-device",
       .plugin = "host-device",
       .config = std::string{R"({"type": "host-device", )"} + kV4 + "}",
       .job = "device v4",
       .steps = life({.ratio = 0.9, .to_floor = 1.4}, {.ratio = 1.0, .to_floor = 1.4}),
       .stage = Stage::devices,
       .attached = {0}},
      {.name = "host-local",
       .plugin = "host-local",
       .config = bridge(kV4),
       .job = {},
       .steps = life({}, {}),
       .stage = Stage::leases,
       .attached = {10, 1000, 60000},
       .compared_up_to = 60000,
       .most_rounds = 5,
       .growth_goal = 1.2},
      {.name = "against netavark",
       .plugin = "bridge",
       .config = bridge(kV4, R"("isGateway": true, "ipMasq": true, )"),
       .job = "bridge v4 masquerade",
       .steps = {{"ADD"}, {"DEL"}},
       .reference = "netavark",
       .attached = {0}}};
}

#ifdef PATCHBAY_OVS
std::vector<Row> switch_rows() {
  return {
      {.name = "ovs: database",
       .plugin = "ovsdb_port",
       .config = "{}",
       .job = {},
       .steps =
           {{"ADD", {.ratio = 0.30, .crowded_ratio = 0.02}},
            {"DEL", {.ratio = 0.30, .crowded_ratio = 0.02}}},
       .reference = "ovs-vsctl",
       .floor = {},
       .stage = Stage::database,
       .attached = {0, 1000, 10000},
       .compared_up_to = 10000},
      {.name = "ovs",
       .plugin = "ovs",
       .config = R"({"type": "ovs", "bridge": "ovs1"})",
       .job = {},
       .steps = {{"ADD"}, {"DEL"}},
       .reference = "ovs-vsctl",
       .floor = {},
       .stage = Stage::vswitch,
       .attached = {1000},
       .compared_up_to = 1000,
       .at_once = {50},
       .throughput_goal = 20,
       .most_rounds = 1,
       .collects = true}};
}
#else
std::vector<Row> switch_rows() {
  return {};
}
#endif

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  for (auto* make : {usual_rows, further_bridge_rows, other_rows, switch_rows}) {
    auto some = make();
    std::move(some.begin(), some.end(), std::back_inserter(rows));
  }
  return rows;
}

}  // namespace

const std::vector<Row>& all_rows() {
  static const std::vector<Row> kRows = make_rows();
  return kRows;
}

std::string device_name(unsigned number) {
  return "nic" + std::to_string(number);
}

std::vector<Row> matching_rows(const std::string& pattern) {
  std::vector<Row> matching;
  try {
    const std::regex expression{pattern, std::regex::icase};
    const auto& rows = all_rows();
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(matching), [&](const Row& row) {
      return std::regex_search(row.name, expression) || row.name.find(pattern) != std::string::npos;
    });
  } catch (const std::regex_error& e) {
    throw Error{ErrorCode::invalid_config, "--rows " + quote(pattern) + ": " + e.what()};
  }
  return matching;
}

unsigned label_of_network(unsigned number) {
  return kFirstNetwork + number;
}

std::string network_config(const Row& row, unsigned number) {
  const auto label = std::to_string(label_of_network(number));
  std::string config = row.config;
  for (auto at = config.find(kPlaceholder); at != std::string::npos;
       at = config.find(kPlaceholder, at)) {
    config.replace(at, kPlaceholder.size(), label);
  }
  return config;
}

}  // namespace patchbay::bench
