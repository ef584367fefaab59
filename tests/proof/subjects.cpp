#include "proof/subjects.h"

#include <ostream>

namespace patchbay::test {

namespace {

using nlohmann::json;

constexpr const char* kIpv4 = R"({"type": "host-local",
  "ranges": [[{"subnet": "10.1.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]})";
constexpr const char* kDualStack = R"({"type": "host-local",
  "ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd01::/64"}]],
  "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]})";

/// The configuration of a plugin that gets its addresses by `ipam`.
json plugin(const std::string& type, const char* keys = "{}", const char* ipam = kIpv4) {
  json network = json::parse(keys);
  network["type"] = type;
  network["ipam"] = json::parse(ipam);
  return network;
}

json bridge(const char* keys = "{}", const char* ipam = kIpv4) {
  json network = plugin("bridge", keys, ipam);
  network["bridge"] = "br0";
  network["isGateway"] = true;
  return network;
}

}  // namespace

void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.name;
}

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
      {"HostLocal", "host-local", plugin("bridge", "{}", kDualStack)},
      {"Bridge", "bridge", bridge(), Ipam::linked, "", {"br0"}},
      {"BridgeMasq",
       "bridge",
       bridge(R"({"ipMasq": true, "macspoofchk": true})"),
       Ipam::linked,
       "",
       {"br0"}},
      {"BridgeDualStack", "bridge", bridge("{}", kDualStack), Ipam::linked, "", {"br0"}},
      {"BridgeVlan",
       "bridge",
       bridge(R"({"vlan": 100})"),
       Ipam::linked,
       "",
       {"br0", "br0.100", "veth93572e49"},
       false,
       true},
      {"BridgeExecutedIpam", "bridge", bridge(R"({"ipMasq": true})"), Ipam::executed, "", {"br0"}},
      {"Veth", "veth", plugin("veth", R"({"ipMasq": true})", kDualStack)},
      {"VethExecutedIpam", "veth", plugin("veth"), Ipam::executed},
      {"Ovs",
       "ovs",
       plugin("ovs", R"({"bridge": "ovs1", "macspoofchk": true})"),
       Ipam::linked,
       "",
       {},
       true},
      {"HostDevice",
       "host-device",
       plugin("host-device", R"({"device": "nic0", "mtu": 1300})", kDualStack),
       Ipam::linked,
       "ip link add nic0 address 02:00:00:00:01:00 mtu 1400 type veth peer far0;"
       "ip link set nic0 up alias 'rack 3'; ip link set far0 up"},
      {"Runner", "patchbay", bridge(R"({"ipMasq": true})"), Ipam::linked, "", {"br0"}}};
  return all;
}

}  // namespace patchbay::test
