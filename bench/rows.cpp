#include "rows.h"

#include <algorithm>
#include <iterator>
#include <regex>

#include "base/error.h"

namespace patchbay::bench {

namespace {

constexpr auto kV4 =
    R"("ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/16"}]],
               "routes": [{"dst": "0.0.0.0/0"}]})";
constexpr auto kDual =
    R"("ipam": {"type": "host-local",
               "ranges": [[{"subnet": "10.88.0.0/16"}], [{"subnet": "fd00:88::/64"}]],
               "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]})";

std::string bridge(const std::string& ipam, const std::string& more = "") {
  return R"({"type": "bridge", "bridge": "cni0", "isGateway": true, )" + more + ipam + "}";
}

std::string ptp(const std::string& ipam) {
  return R"({"type": "ptp", )" + ipam + "}";
}

std::vector<Step> add_del(double add_goal, double del_goal) {
  return {{"ADD", add_goal}, {"DEL", del_goal}};
}

}  // namespace

const std::vector<Row>& all_rows() {
  static const std::vector<Row> kRows{
      {"VERSION", "bridge", "{}", "", {{"VERSION", 0.35}}},
      {"loopback", "loopback", R"({"type": "loopback"})", "lo", add_del(0.35, 0.35)},
      {"bridge", "bridge", bridge(kV4), "bridge v4", add_del(0.30, 0.15)},
      {"bridge ipMasq",
       "bridge",
       bridge(kV4, R"("ipMasq": true, )"),
       "bridge v4 masquerade",
       add_del(0.10, 0.06)},
      {"bridge dual stack", "bridge", bridge(kDual), "bridge v4 v6", add_del(0.30, 0.15)},
      {"veth (ptp)", "ptp", ptp(kV4), "veth v4", add_del(0.27, 0.12)},
      {"host-local", "host-local", bridge(kV4), "", add_del(0, 0)},
#ifdef PATCHBAY_OVS
      {.name = "ovs: database",
       .plugin = "ovsdb_port",
       .config = "{}",
       .job = {},
       .steps = {{"ADD", 0.30, 0.02}, {"DEL", 0.30, 0.02}},
       .reference = "ovs-vsctl",
       .floor = {},
       .stage = Stage::database,
       .attached = {0, 1000, 10000}},
      {.name = "ovs: 50 at once",
       .plugin = "ovs",
       .config = R"({"type": "ovs", "bridge": "ovs1"})",
       .job = {},
       .steps = {{"ADD", 0, 0.05}, {"DEL"}},
       .reference = "ovs-vsctl",
       .floor = {},
       .stage = Stage::vswitch,
       .attached = {1000},
       .at_once = 50,
       .most_rounds = 1},
#endif
  };
  return kRows;
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

}  // namespace patchbay::bench
