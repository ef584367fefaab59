// What the ovs plugin refuses, and how it says so.

#include "ovs/switch_test.h"

namespace patchbay::test {
namespace {

struct Refused {
  const char* name;
  const char* patch;
  unsigned code;
  const char* part;
};

void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

std::string name_of_refused(const testing::TestParamInfo<Refused>& info) {
  return info.param.name;
}

class OvsConfigTest : public PluginTest, public testing::WithParamInterface<Refused> {};

TEST_P(OvsConfigTest, IsRefusedBeforeAnythingIsDone) {
  json config{
      {"cniVersion", "1.1.0"},
      {"name", "net1"},
      {"type", "ovs"},
      {"bridge", "ovs1"},
      {"ipam", host_local({"10.0.0.0/24"})}};
  config.merge_patch(json::parse(GetParam().patch));
  const auto before = dump();

  const Answer answer = run("ADD", config);

  EXPECT_TRUE(is_error(answer, GetParam().code, GetParam().part));
  EXPECT_TRUE(is_unchanged(before));
}

constexpr Refused kRefused[] = {
    {"NoBridge", R"({"bridge": null})", 7, "bridge: missing"},
    {"BridgeName", R"({"bridge": "a/b"})", 7, "bridge: "},
    {"DeviceId", R"({"deviceID": "0000:01:00.1"})", 2, "deviceID: '0000:01:00.1'"},
    {"VlanTooLarge", R"({"vlan": 4096})", 7, "vlan: 4096 must be an integer from 0 to 4095"},
    {"VlanOfAnotherType", R"({"vlan": "5"})", 6, "vlan: '5' must be an integer"},
    {"TrunkHalf", R"({"trunk": [{"minID": 5}]})", 7, "trunk[0].minID"},
    {"TrunkBackwards", R"({"trunk": [{"minID": 5, "maxID": 4}]})", 7, "must not be above"},
    {"ModeUnknown", R"({"vlanMode": "hybrid"})", 7, "vlanMode: 'hybrid'"},
    {"AccessWithoutVlan", R"({"vlanMode": "access"})", 7, "needs a vlan"},
    {"AccessWithTrunk", R"({"vlanMode": "access", "vlan": 5, "trunk": [{"id": 6}]})", 7, "trunk"},
    {"TrunkWithVlan", R"({"vlanMode": "trunk", "vlan": 5})", 7, "takes no vlan"},
    {"NativeWithoutVlan", R"({"vlanMode": "native-tagged"})", 7, "needs a vlan"},
    {"Socket", R"({"socket_file": "tcp:localhost:6640"})", 7, "socket_file: 'tcp:localhost:6640'"},
    {"NoKey", R"({"socket_file": "ssl:127.0.0.1:6640"})", 7, "privateKey: missing"},
    {"DatapathAlone", R"({"datapathType": "netdev"})", 7, "ensureBridge"},
    {"FailMode", R"({"ensureBridge": true, "failMode": "open"})", 7, "failMode: 'open'"},
    {"ReservedId", R"({"externalIds": {"owner": "me"}})", 7, "externalIds.owner"},
    {"IdOfAnotherType", R"({"externalIds": {"a": 1}})", 6, "externalIds.a: 1 must be a string"},
    {"IpSpoofWithoutIpam", R"({"ipspoofchk": true, "ipam": null})", 7, "ipspoofchk"},
    {"Mac", R"({"runtimeConfig": {"mac": "nonsense"}})", 7, "runtimeConfig.mac"},
    {"File", R"({"configuration_path": "flat.conf"})", 7, "configuration_path"},
    {"OfPort", R"({"ofport_request": 65280})", 7, "ofport_request"},
    {"NoServer", R"({})", 11, "connect to ovsdb-server at 'unix:/var/run/openvswitch/db.sock'"},
};

INSTANTIATE_TEST_SUITE_P(Keys, OvsConfigTest, testing::ValuesIn(kRefused), name_of_refused);

}  // namespace
}  // namespace patchbay::test
