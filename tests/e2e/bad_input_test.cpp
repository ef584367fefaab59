// What bad input gets: a clear error with the right code, and the machine as before.

#include <fstream>

#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

struct EnvironmentCase {
  const char* name;
  std::map<std::string, std::string> variables;  ///< Win over a good call's; empty: not set.
  unsigned code;
  std::vector<std::string> parts;  ///< Of the message.
};

void PrintTo(const EnvironmentCase& one, std::ostream* out) {
  *out << one.name;
}

class EnvironmentTest : public PluginTest, public testing::WithParamInterface<EnvironmentCase> {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      std::ofstream{"/run/regular"} << "";
      shell("mkfifo /run/fifo; ip netns attach host $$");
    }
  }
};

TEST_P(EnvironmentTest, IsRefusedAndNothingIsDone) {
  const auto before = dump();
  Call bad = call("ADD", bridge_network());
  bad.extra_env = GetParam().variables;

  const Answer answer = run_plugin(bad, bridge_network().dump());

  for (const auto& part : GetParam().parts) {
    EXPECT_TRUE(is_error(answer, GetParam().code, part));
  }
  EXPECT_TRUE(is_unchanged(before));
}

const std::vector<EnvironmentCase>& environment_cases() {
  static const std::vector<EnvironmentCase> cases{
      {"UnknownVerb", {{"CNI_COMMAND", "FROB"}}, 4, {"CNI_COMMAND", "'FROB'"}},
      {"LowerCaseVerb", {{"CNI_COMMAND", "add"}}, 4, {"CNI_COMMAND", "'add'"}},
      {"NoContainerId", {{"CNI_CONTAINERID", ""}}, 4, {"[CNI_CONTAINERID]"}},
      {"NoNetns", {{"CNI_NETNS", ""}}, 4, {"[CNI_NETNS]"}},
      {"NoIfname", {{"CNI_IFNAME", ""}}, 4, {"[CNI_IFNAME]"}},
      {"NoPath", {{"CNI_PATH", ""}}, 4, {"[CNI_PATH]"}},
      {"NothingButTheVerb",
       {{"CNI_CONTAINERID", ""}, {"CNI_NETNS", ""}, {"CNI_IFNAME", ""}, {"CNI_PATH", ""}},
       4,
       {"[CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH]"}},
      {"NoIfnameForDel",
       {{"CNI_COMMAND", "DEL"}, {"CNI_IFNAME", ""}, {"CNI_NETNS", ""}},
       4,
       {"[CNI_IFNAME]"}},
      {"NoNetnsForCheck", {{"CNI_COMMAND", "CHECK"}, {"CNI_NETNS", ""}}, 4, {"[CNI_NETNS]"}},
      {"NoPathForGc", {{"CNI_COMMAND", "GC"}, {"CNI_PATH", ""}}, 4, {"[CNI_PATH]"}},
      {"NoPathForStatus", {{"CNI_COMMAND", "STATUS"}, {"CNI_PATH", ""}}, 4, {"[CNI_PATH]"}},
      {"ContainerIdThatClimbs", {{"CNI_CONTAINERID", "../c1"}}, 4, {"CNI_CONTAINERID", "'../c1'"}},
      {"ContainerIdWithSlash", {{"CNI_CONTAINERID", "a/b"}}, 4, {"CNI_CONTAINERID", "'a/b'"}},
      {"ContainerIdWithColon", {{"CNI_CONTAINERID", "a:b"}}, 4, {"CNI_CONTAINERID", "'a:b'"}},
      {"ContainerIdWithNewline",
       {{"CNI_CONTAINERID", "a\nb"}},
       4,
       {"CNI_CONTAINERID", "'a\\x0ab'"}},
      {"IfnameWithSlash", {{"CNI_IFNAME", "a/b"}}, 4, {"CNI_IFNAME", "'a/b'"}},
      {"IfnameWithColon", {{"CNI_IFNAME", "a:b"}}, 4, {"CNI_IFNAME", "'a:b'"}},
      {"IfnameWithSpace", {{"CNI_IFNAME", "a b"}}, 4, {"CNI_IFNAME", "'a b'"}},
      {"IfnameDot", {{"CNI_IFNAME", "."}}, 4, {"CNI_IFNAME", "'.'"}},
      {"IfnameDotDot", {{"CNI_IFNAME", ".."}}, 4, {"CNI_IFNAME", "'..'"}},
      {"IfnameTooLong",
       {{"CNI_IFNAME", "sixteen-letters-"}},
       4,
       {"CNI_IFNAME", "'sixteen-letters-'"}},
      {"NetnsMissing", {{"CNI_NETNS", "/run/netns/none"}}, 4, {"CNI_NETNS", "'/run/netns/none'"}},
      {"NetnsRegularFile", {{"CNI_NETNS", "/run/regular"}}, 4, {"CNI_NETNS", "'/run/regular'"}},
      {"NetnsDirectory", {{"CNI_NETNS", "/run"}}, 4, {"CNI_NETNS", "'/run'"}},
      {"NetnsFifo", {{"CNI_NETNS", "/run/fifo"}}, 4, {"CNI_NETNS", "'/run/fifo'"}},
      {"NetnsOfAnotherType", {{"CNI_NETNS", "/proc/self/ns/mnt"}}, 4, {"CNI_NETNS"}},
      {"NetnsOwn", {{"CNI_NETNS", "/proc/self/ns/net"}}, 8, {"CNI_NETNS"}},
      {"NetnsOfTheHost", {{"CNI_NETNS", "/run/netns/host"}}, 8, {"CNI_NETNS", "'/run/netns/host'"}},
      {"NetnsOfTheHostForDel",
       {{"CNI_COMMAND", "DEL"}, {"CNI_NETNS", "/run/netns/host"}},
       8,
       {"CNI_NETNS", "'/run/netns/host'"}},
      {"ArgsWithoutValue", {{"CNI_ARGS", "MAC"}}, 4, {"CNI_ARGS", "'MAC'"}},
      {"ArgsWithTwoValues", {{"CNI_ARGS", "MAC=a=b"}}, 4, {"CNI_ARGS", "'MAC=a=b'"}},
      {"ArgsUnknownKey", {{"CNI_ARGS", "COLOUR=red"}}, 4, {"CNI_ARGS", "'COLOUR'"}},
      {"ArgsBadMac", {{"CNI_ARGS", "MAC=zz"}}, 4, {"CNI_ARGS", "'zz'"}},
      {"ArgsMulticastMac", {{"CNI_ARGS", "MAC=01:00:5e:00:00:01"}}, 4, {"01:00:5e:00:00:01"}},
  };
  return cases;
}

INSTANTIATE_TEST_SUITE_P(
    Bad,
    EnvironmentTest,
    testing::ValuesIn(environment_cases()),
    testing::PrintToStringParamName());

struct DocumentCase {
  const char* name;
  std::string (*input)();
  const char* part;
};

void PrintTo(const DocumentCase& one, std::ostream* out) {
  *out << one.name;
}

class DocumentTest : public PluginTest, public testing::WithParamInterface<DocumentCase> {};

TEST_P(DocumentTest, IsADecodingErrorForEveryPlugin) {
  const auto before = dump();
  for (const auto* plugin : {"bridge", "host-device", "ptp", "veth", "loopback"}) {
    for (const auto* verb : {"ADD", "DEL", "CHECK", "GC", "STATUS"}) {
      const Answer answer = run_plugin(call(verb, {{"type", plugin}}), GetParam().input());

      EXPECT_TRUE(is_error(answer, 6, GetParam().part)) << plugin << " " << verb;
      EXPECT_LT(answer.message().size(), 1000U);
    }
  }
  EXPECT_TRUE(is_unchanged(before));
}

std::string opening(std::size_t levels) {
  std::string text = R"({"cniVersion":"1.1.0","name":"net1","deep":)";
  return text.append(levels, '[');
}

const std::vector<DocumentCase>& document_cases() {
  static const std::vector<DocumentCase> cases{
      {"Empty", [] { return std::string{}; }, "not JSON"},
      {"Truncated", [] { return std::string{R"({"cniVersion":"1.1.0","name":"ne)"}; }, "not JSON"},
      {"TwoDocuments",
       [] { return std::string{R"({"cniVersion":"1.1.0","name":"net1"} {})"}; },
       "not JSON"},
      {"Binary", [] { return std::string("\x7f\x45LF\x02\x01\x00\xff\xfe", 9); }, "not JSON"},
      {"InvalidUtf8",
       [] { return std::string{"{\"cniVersion\":\"1.1.0\",\"name\":\"\xff\xc0\"}"}; },
       "not JSON"},
      {"List", [] { return std::string{"[1,2]"}; }, "[1,2] must be an object"},
      {"Null", [] { return std::string{"null"}; }, "null must be an object"},
      {"Text", [] { return std::string{"\"text\""}; }, "'text' must be an object"},
      {"Deep", [] { return opening(100) + std::string(100, ']') + "}"; }, "64 levels"},
      {"DeepAndUnfinished", [] { return opening(1'000'000); }, "64 levels"},
      {"Huge",
       [] { return R"({"name":")" + std::string((std::size_t{16} << 20) + 1, 'x') + R"("})"; },
       "16 MiB"},
      {"NameOfAnotherType",
       [] { return std::string{R"({"cniVersion":"1.1.0","name":["net1"]})"}; },
       "name: [\"net1\"] must be a string"},
      {"VersionOfAnotherType",
       [] { return std::string{R"({"cniVersion":1.1,"name":"net1"})"}; },
       "cniVersion: 1.1 must be a string"},
  };
  return cases;
}

INSTANTIATE_TEST_SUITE_P(
    Bad, DocumentTest, testing::ValuesIn(document_cases()), testing::PrintToStringParamName());

struct ConfigCase {
  const char* name;
  const char* patch;  ///< JSON merged into a good configuration; null removes a key.
  unsigned code;
  const char* part;
};

void PrintTo(const ConfigCase& one, std::ostream* out) {
  *out << one.name;
}

class ConfigTest : public PluginTest, public testing::WithParamInterface<ConfigCase> {};

TEST_P(ConfigTest, IsRefusedAndNothingIsDone) {
  const auto before = dump();
  json network = bridge_network();
  network.merge_patch(json::parse(GetParam().patch));

  const Answer answer = run("ADD", network);

  EXPECT_TRUE(is_error(answer, GetParam().code, GetParam().part));
  EXPECT_TRUE(is_unchanged(before));
}

const std::vector<ConfigCase>& config_cases() {
  static const std::vector<ConfigCase> cases{
      {"BridgeNumber", R"({"bridge":5})", 6, "bridge: 5 must be a string"},
      {"FlagText", R"({"isGateway":"yes"})", 6, "isGateway: 'yes' must be true or false"},
      {"FlagNumber", R"({"ipMasq":1})", 6, "ipMasq: 1 must be true or false"},
      {"MtuText", R"({"mtu":"big"})", 6, "mtu: 'big' must be an integer"},
      {"MtuList", R"({"mtu":[1500]})", 6, "mtu: [1500] must be an integer"},
      {"IpamList", R"({"ipam":[]})", 6, "ipam: [] must be an object"},
      {"IpamTypeNumber", R"({"ipam":{"type":3}})", 6, "ipam.type: 3 must be a string"},
      {"TrunkObject", R"({"vlanTrunk":{"id":1}})", 6, "vlanTrunk: {\"id\":1} must be an array"},
      {"TrunkIdText", R"({"vlanTrunk":[{"id":4},{"id":"5"}]})", 6, "vlanTrunk[1].id: '5'"},
      {"TrunkItemNumber", R"({"vlanTrunk":[7]})", 6, "vlanTrunk[0]: 7 must be an object"},
      {"DnsText", R"({"dns":"8.8.8.8"})", 6, "dns: '8.8.8.8' must be an object"},
      {"NameserverNumber", R"({"dns":{"nameservers":[8]}})", 6, "dns.nameservers[0]: 8"},
      {"RuntimeMacNumber", R"({"runtimeConfig":{"mac":1}})", 6, "runtimeConfig.mac: 1"},
      {"ArgsText", R"({"args":"x"})", 6, "args: 'x' must be an object"},
      {"ArgsCniText", R"({"args":{"cni":"x"}})", 6, "args.cni: 'x' must be an object"},

      {"NoName", R"({"name":null})", 7, "name: missing"},
      {"EmptyName", R"({"name":""})", 7, "name: missing"},
      {"NameThatClimbs", R"({"name":"../net1"})", 7, "'../net1'"},
      {"NameDotDot", R"({"name":".."})", 7, "'..'"},
      {"NameWithSlash", R"({"name":"a/b"})", 7, "'a/b'"},
      {"NameWithNul", R"({"name":"a\u0000b"})", 7, "'a\\x00b'"},
      {"VersionUnknown", R"({"cniVersion":"9.9.9"})", 1, "'9.9.9'"},
      {"VersionShort", R"({"cniVersion":"1.0"})", 1, "'1.0'"},
      {"HairpinAndPromiscuous",
       R"({"hairpinMode":true,"promiscMode":true})",
       7,
       "hairpinMode, promiscMode"},
      {"DisabledInterfaceWithIpam",
       R"({"disableContainerInterface":true})",
       7,
       "disableContainerInterface: "},
      {"BridgeWithSlash", R"({"bridge":"a/b"})", 7, "bridge: interface name 'a/b'"},
      {"BridgeDotDot", R"({"bridge":".."})", 7, "bridge: interface name '..'"},
      {"BridgeTooLong", R"({"bridge":"sixteen-letters-"})", 7, "'sixteen-letters-'"},
      {"BridgeEmpty", R"({"bridge":""})", 7, "bridge: interface name ''"},
      {"BridgeWithNul", R"({"bridge":"br\u00000"})", 7, "'br\\x000'"},
      {"MtuNegative", R"({"mtu":-1})", 7, "mtu: -1 must be an integer from 0 to 65535"},
      {"MtuTooLarge", R"({"mtu":65536})", 7, "mtu: 65536"},
      {"MtuFraction", R"({"mtu":1500.5})", 7, "mtu: 1500.5"},
      {"MtuAstronomic", R"({"mtu":1e300})", 7, "mtu: 1e+300"},
      {"VlanTooLarge", R"({"vlan":4095})", 7, "vlan: 4095"},
      {"TrunkMinWithoutMax", R"({"vlanTrunk":[{"minID":4}]})", 7, "vlanTrunk[0].minID"},
      {"TrunkReversed", R"({"vlanTrunk":[{"minID":5,"maxID":4}]})", 7, "vlanTrunk[0].minID: 5"},
      {"TrunkIdZero", R"({"vlanTrunk":[{"id":0}]})", 7, "vlanTrunk[0].id: 0"},
      {"MasqueradeBackend", R"({"ipMasqBackend":"ebtables"})", 7, "ipMasqBackend: 'ebtables'"},
      {"UplinkAddresses",
       R"({"uplink":"up0","uplinkAddresses":"keep"})",
       7,
       "uplinkAddresses: 'keep'"},
      {"UplinkIsTheBridge", R"({"uplink":"br0"})", 7, "uplink: 'br0'"},
      {"MoveWithoutUplink", R"({"uplinkAddresses":"move"})", 7, "uplinkAddresses: 'move'"},
      {"IpamTypeThatClimbs", R"({"ipam":{"type":"../bridge"}})", 7, "ipam.type: '../bridge'"},
      {"IpamTypeMissing", R"({"ipam":{"type":"nonesuch"}})", 7, "'nonesuch'"},
      {"IpamTypeDirectory", R"({"ipam":{"type":".."}})", 7, "'..'"},
      {"RuntimeMac", R"({"runtimeConfig":{"mac":"02:00"}})", 7, "runtimeConfig.mac: "},
      {"ArgsMac", R"({"args":{"cni":{"mac":"x"}}})", 7, "args.cni.mac: "},
      {"ZeroMac", R"({"runtimeConfig":{"mac":"00:00:00:00:00:00"}})", 7, "00:00:00:00:00:00"},
  };
  return cases;
}

INSTANTIATE_TEST_SUITE_P(
    Bad, ConfigTest, testing::ValuesIn(config_cases()), testing::PrintToStringParamName());

class GateTest : public PluginTest {};

TEST_F(GateTest, CheckNeedsVersion040) {
  EXPECT_TRUE(is_error(run("CHECK", bridge_network("0.3.1")), 1, "'0.3.1'"));
}

TEST_F(GateTest, GcNeedsVersion110) {
  EXPECT_TRUE(is_error(run("GC", bridge_network("1.0.0")), 1, "'1.0.0'"));
}

TEST_F(GateTest, StatusNeedsVersion110) {
  EXPECT_TRUE(is_error(run("STATUS", bridge_network("1.0.0")), 1, "'1.0.0'"));
}

TEST_F(GateTest, CheckNeedsAPreviousResult) {
  EXPECT_TRUE(is_error(run("CHECK", bridge_network()), 7, "prevResult"));
}

TEST_F(GateTest, CheckRefusesAPreviousResultOfAnotherType) {
  const json network = with_previous(bridge_network(), "text");

  EXPECT_TRUE(is_error(run("CHECK", network), 6, "prevResult: 'text' must be an object"));
}

TEST_F(GateTest, CheckNamesTheFaultInsideAPreviousResult) {
  const json previous{{"cniVersion", "1.1.0"}, {"ips", {{{"address", "10.1.0.300/24"}}}}};

  const Answer answer = run("CHECK", with_previous(bridge_network(), previous));

  EXPECT_TRUE(is_error(answer, 7, "prevResult.ips[0].address"));
  EXPECT_TRUE(is_error(answer, 7, "10.1.0.300/24"));
}

TEST_F(GateTest, ErrorsCarryVersionCodeAndMessage) {
  json network = bridge_network("0.4.0");
  network["mtu"] = "big";

  const json error = run("ADD", network).json();

  EXPECT_EQ(error.at("cniVersion"), "0.4.0");
  EXPECT_EQ(error.at("code"), 6);
  EXPECT_TRUE(error.at("msg").is_string());
}

TEST_F(GateTest, ErrorsBeforeTheVersionIsKnownCarryTheNewest) {
  EXPECT_EQ(run_plugin(call("ADD", bridge_network()), "{").json().at("cniVersion"), "1.1.0");
}

TEST_F(GateTest, ErrorsOfAnUnsupportedVersionListTheSupportedOnes) {
  const json error = run("ADD", bridge_network("9.9.9")).json();

  EXPECT_NE(error.at("details").get<std::string>().find("\"1.1.0\""), std::string::npos);
}

}  // namespace
}  // namespace patchbay::test
