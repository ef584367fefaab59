#include "crowd/networks.h"

namespace patchbay::test {

namespace {

using nlohmann::json;

constexpr std::size_t kFirstLeased = 10;

json range(const std::string& subnet, const std::string& prefix, std::size_t room, int base) {
  const auto host = [&](std::size_t number) {
    std::string digits;
    for (; number > 0; number /= static_cast<std::size_t>(base)) {
      const auto digit = number % static_cast<std::size_t>(base);
      digits.insert(digits.begin(), "0123456789abcdef"[digit]);
    }
    return prefix + digits;
  };
  return json::array(
      {{{"subnet", subnet},
        {"rangeStart", host(kFirstLeased)},
        {"rangeEnd", host(kFirstLeased + room - 1)}}});
}

}  // namespace

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> kSubjects{
      {.name = "bridge",
       .plugin =
           {{"type", "bridge"}, {"isGateway", true}, {"ipMasq", true}, {"macspoofchk", true}}},
      {.name = "ptp", .plugin = {{"type", "ptp"}, {"ipMasq", true}}},
      {.name = "dual stack",
       .plugin = {{"type", "bridge"}, {"isGateway", true}, {"ipMasq", true}},
       .dual_stack = true},
      {.name = "one of two on a bridge",
       .plugin = {{"type", "bridge"}, {"isGateway", true}, {"bridge", "shared"}}},
      {.name = "the other one, which leaves the gateway to it",
       .plugin = {{"type", "bridge"}, {"bridge", "shared"}, {"macspoofchk", true}}},
  };
  return kSubjects;
}

json numbered_network(std::size_t number, std::size_t room, const std::string& version) {
  const Subject& subject = subjects()[number % subjects().size()];
  json network = subject.plugin;
  const std::string text = std::to_string(number);
  network["cniVersion"] = version;
  network["name"] = "crowd" + text;
  if (network.contains("bridge")) {  // shared with its neighbours in the table
    network["bridge"] =
        network["bridge"].get<std::string>() + std::to_string(number / subjects().size());
  } else if (network["type"] == "bridge") {
    network["bridge"] = "br" + text;
  }
  network["ipam"] = {
      {"type", "host-local"},
      {"lockTimeout", 120},
      {"ranges", {range("10." + text + ".0.0/24", "10." + text + ".0.", room, 10)}}};
  if (subject.dual_stack) {
    network["ipam"]["ranges"].push_back(
        range("fd00:" + text + "::/64", "fd00:" + text + "::", room, 16));
  }
  return network;
}

}  // namespace patchbay::test
