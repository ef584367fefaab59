// VLANs of the bridge plugin: what passes, what must not, and what CHECK says.

#include "e2e/network.h"
#include "support/dump.h"
#include "support/require_kernel.h"
#include "support/tagged_frames.h"

namespace patchbay::test {
namespace {

/// c1, c2 and c3 are containers.
class BridgeVlanTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    if (!has_vlan_filtering()) {
      PATCHBAY_SKIP("the bridges of this kernel do not filter VLANs");
    }
    make_namespace("c2");
    make_namespace("c3");
  }

  /// bridge_network() without gateway, with `patch` (JSON Merge Patch) applied.
  static json network(const std::string& patch) {
    json patched = bridge_network();
    patched["isGateway"] = false;
    patched.merge_patch(json::parse(patch));
    return patched;
  }
  /// A port that carries no address of the container's: tagged frames are all that it is for.
  static json trunk(const std::string& entries) {
    json network = BridgeVlanTest::network(R"({"ipam": null})");
    network["vlanTrunk"] = json::parse(entries);
    return network;
  }

  static std::string port_of(const json& result) {
    return result.at("interfaces").at(1).at("name");
  }
  /// As `bridge vlan` shows them, a line each.
  static std::string vlans_of(const std::string& port) {
    return shell(
        "bridge -compressvlans vlan show dev " + port + " | sed '1d; s/^" + port +
        "//; s/^ *//; s/ *$//'");
  }
  /// The other end of br0.100.
  static std::string port_of_gateway() {
    const std::string name =
        shell("ip -o link show dev br0.100 | sed 's/.* br0.100@\\([^:]*\\):.*/\\1/'");
    return name.substr(0, name.find('\n'));
  }
  static bool answers_tagged(
      const std::string& from, std::uint16_t vlan, const std::string& address) {
    return answers_arp(open_namespace(from), vlan, IpAddr::parse(address));
  }
};

TEST_F(BridgeVlanTest, ContainersOfOneVlanReachEachOther) {
  attach(network(R"({"vlan": 100})"));
  attach(network(R"({"vlan": 100})"), container_called("c2"));

  EXPECT_TRUE(ping("c1", "10.1.0.3"));
  EXPECT_TRUE(ping("c2", "10.1.0.2"));
}

TEST_F(BridgeVlanTest, VlansAreIsolated) {
  attach(network(R"({"vlan": 100})"));
  attach(network(R"({"vlan": 200})"), container_called("c2"));
  attach(network("{}"), container_called("c3"));

  EXPECT_FALSE(ping("c1", "10.1.0.3"));
  EXPECT_FALSE(ping("c1", "10.1.0.4"));
  EXPECT_FALSE(ping("c3", "10.1.0.2"));
}

TEST_F(BridgeVlanTest, AccessPortHasItsVlanAlone) {
  const json result = attach(network(R"({"vlan": 100})"));

  EXPECT_EQ(vlans_of(port_of(result)), "100 PVID Egress Untagged\n");
}

TEST_F(BridgeVlanTest, AccessPortTakesNoTaggedFrames) {
  attach(network(R"({"vlan": 100})"));
  attach(network(R"({"vlan": 200})"), container_called("c2"));

  EXPECT_FALSE(answers_tagged("c1", 200, "10.1.0.3"));
}

TEST_F(BridgeVlanTest, DefaultVlanIsPreservedOnRequest) {
  const json result = attach(network(R"({"vlan": 100, "preserveDefaultVlan": true})"));

  EXPECT_EQ(vlans_of(port_of(result)), "1 Egress Untagged\n100 PVID Egress Untagged\n");
}

TEST_F(BridgeVlanTest, TrunkReachesItsVlans) {
  attach(network(R"({"vlan": 105})"));
  attach(network(R"({"vlan": 200})"), container_called("c2"));

  attach(trunk(R"([{"minID": 100, "maxID": 110}, {"id": 200}])"), container_called("c3"));

  EXPECT_TRUE(answers_tagged("c3", 105, "10.1.0.2"));
  EXPECT_TRUE(answers_tagged("c3", 200, "10.1.0.3"));
  EXPECT_FALSE(answers_tagged("c3", 200, "10.1.0.2"));
}

TEST_F(BridgeVlanTest, TrunkReachesNoOtherVlan) {
  attach(network(R"({"vlan": 111})"));
  attach(network(R"({"vlan": 99})"), container_called("c2"));

  attach(trunk(R"([{"minID": 100, "maxID": 110}])"), container_called("c3"));

  EXPECT_FALSE(answers_tagged("c3", 111, "10.1.0.2"));
  EXPECT_FALSE(answers_tagged("c3", 99, "10.1.0.3"));
}

TEST_F(BridgeVlanTest, TrunkHasItsRangesAndTheDefaultVlan) {
  const json result = attach(trunk(R"([{"minID": 100, "maxID": 110}, {"id": 200}])"));

  EXPECT_EQ(vlans_of(port_of(result)), "1 PVID Egress Untagged\n100-110\n200\n");
}

TEST_F(BridgeVlanTest, TrunkOfEveryVlan) {
  const json result = attach(trunk(R"([{"minID": 1, "maxID": 4094}])"));

  EXPECT_EQ(vlans_of(port_of(result)), "1 PVID Egress Untagged\n2-4094\n");
}

TEST_F(BridgeVlanTest, VlansPassTheUplinkTagged) {
  make_namespace("lan");
  shell("ip link add up0 type veth peer name eth0 netns lan && ip -n lan link set eth0 up");
  const json red = network(R"({"vlan": 100, "uplink": "up0"})");
  const json result = attach(red);
  attach(network(R"({"vlan": 200})"), container_called("c2"));

  EXPECT_EQ(vlans_of("up0"), "1 PVID Egress Untagged\n100\n");
  EXPECT_TRUE(answers_tagged("lan", 100, "10.1.0.2"));
  EXPECT_FALSE(answers_tagged("lan", 200, "10.1.0.3"));
  check(with_previous(red, result));
  shell("bridge vlan del dev up0 vid 100");
  EXPECT_TRUE(is_error(run("CHECK", with_previous(red, result)), 103, "'up0' lacks VLAN 100"));
}

TEST_F(BridgeVlanTest, NativeVlanBesideATrunk) {
  attach(network(R"({"vlan": 10})"));
  attach(network(R"({"vlan": 20})"), container_called("c2"));

  attach(network(R"({"vlan": 10, "vlanTrunk": [{"id": 20}]})"), container_called("c3"));

  EXPECT_TRUE(ping("c3", "10.1.0.2"));
  EXPECT_FALSE(ping("c3", "10.1.0.3"));
  EXPECT_TRUE(answers_tagged("c3", 20, "10.1.0.3"));
}

TEST_F(BridgeVlanTest, NativeVlanInsideATrunkRangeStaysUntagged) {
  const json result = attach(network(R"({"vlan": 7, "vlanTrunk": [{"minID": 5, "maxID": 9}]})"));

  EXPECT_EQ(vlans_of(port_of(result)), "5-6\n7 PVID Egress Untagged\n8-9\n");
}

TEST_F(BridgeVlanTest, BridgeThatDoesNotFilterIsPutRight) {
  shell("ip link add br0 type bridge");
  const json config = network(R"({"vlan": 100})");

  const json result = attach(config);

  EXPECT_NE(shell("ip -d link show br0").find("vlan_filtering 1"), std::string::npos);
  EXPECT_NO_THROW(check(with_previous(config, result)));
}

TEST_F(BridgeVlanTest, ContainersOfABridgeThatIsPutRightStayConnected) {
  attach(network("{}"));
  attach(network("{}"), container_called("c2"));

  attach(network(R"({"vlan": 100})"), container_called("c3"));

  EXPECT_TRUE(ping("c1", "10.1.0.3"));
  EXPECT_FALSE(ping("c3", "10.1.0.2"));
}

TEST_F(BridgeVlanTest, DefaultVlanOfTheBridgeIsTakenAwayWhicheverItIs) {
  shell("ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 7");

  const json result = attach(network(R"({"vlan": 100})"));

  EXPECT_EQ(vlans_of(port_of(result)), "100 PVID Egress Untagged\n");
}

TEST_F(BridgeVlanTest, BridgeWithoutDefaultVlan) {
  shell("ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0");

  const json result = attach(network(R"({"vlan": 100})"));

  EXPECT_EQ(vlans_of(port_of(result)), "100 PVID Egress Untagged\n");
}

TEST_F(BridgeVlanTest, SpoofedMacIsDroppedInAVlan) {
  const json checked = network(R"({"vlan": 100, "macspoofchk": true})");
  attach(checked);
  attach(checked, container_called("c2"));
  ASSERT_TRUE(ping("c1", "10.1.0.3"));

  shell_in("c1", "ip link set eth0 address 02:00:00:00:00:99");

  EXPECT_FALSE(ping("c1", "10.1.0.3"));
}

/// Whoever asks does so under a MAC address that is not the port's.
TEST_F(BridgeVlanTest, SpoofedMacIsDroppedInATrunk) {
  attach(network(R"({"vlan": 100})"));
  const json unchecked = trunk(R"([{"id": 100}])");
  json checked = unchecked;
  checked["macspoofchk"] = true;

  attach(checked, container_called("c2"));
  attach(unchecked, container_called("c3"));

  EXPECT_FALSE(answers_tagged("c2", 100, "10.1.0.2"));
  EXPECT_TRUE(answers_tagged("c3", 100, "10.1.0.2"));
}

/// The same with the gateway of VLAN 100 on the host.
class BridgeVlanGatewayTest : public BridgeVlanTest {
 protected:
  static json gateway_network() { return network(R"({"vlan": 100, "isGateway": true})"); }
};

TEST_F(BridgeVlanGatewayTest, GatewayIsAPortOfTheVlan) {
  const json result = attach(gateway_network());

  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_EQ(result.at("interfaces").at(3).at("name"), "br0.100");
  EXPECT_NE(shell("ip addr show dev br0.100").find("10.1.0.1/24"), std::string::npos);
  EXPECT_EQ(shell("ip -4 addr show dev br0"), "");
}

TEST_F(BridgeVlanGatewayTest, GatewayIsSharedInItsVlan) {
  attach(gateway_network());

  attach(gateway_network(), container_called("c2"));

  EXPECT_TRUE(ping("c2", "10.1.0.1"));
  EXPECT_TRUE(ping("c2", "10.1.0.2"));
}

/// As an ADD leaves it that is killed when it has just made the pair.
TEST_F(BridgeVlanGatewayTest, GatewayWithoutVlanIsPutRight) {
  attach(gateway_network());
  const std::string port = port_of_gateway();
  shell(
      "bridge vlan del dev " + port + " vid 100; bridge vlan add dev " + port +
      " vid 1 pvid untagged");

  attach(gateway_network(), container_called("c2"));

  EXPECT_TRUE(ping("c2", "10.1.0.1"));
  EXPECT_EQ(vlans_of(port), "100 PVID Egress Untagged\n");
}

TEST_F(BridgeVlanGatewayTest, GatewayIsNotReachedFromAnotherVlan) {
  attach(gateway_network());

  attach(network(R"({"vlan": 200})"), container_called("c2"));
  attach(network("{}"), container_called("c3"));

  EXPECT_FALSE(ping("c2", "10.1.0.1"));
  EXPECT_FALSE(ping("c3", "10.1.0.1"));
}

TEST_F(BridgeVlanGatewayTest, OutsideIsReachedByMasquerade) {
  make_namespace("out");
  shell(
      "ip link add wan0 type veth peer eth0 netns out; ip addr add 172.16.0.1/24 dev wan0;"
      "ip link set wan0 up; ip -n out addr add 172.16.0.2/24 dev eth0; ip -n out link set eth0 up");
  json config = gateway_network();
  config["ipMasq"] = true;

  attach(config);

  EXPECT_TRUE(ping("c1", "172.16.0.2"));
}

struct Case {
  const char* name;
  const char* patch;  ///< Of network().
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

std::vector<Case> cases() {
  return {
      {"Access", R"({"vlan": 100})"},
      {"Trunk", R"({"vlanTrunk": [{"minID": 100, "maxID": 110}, {"id": 200}]})"},
      {"Native", R"({"vlan": 100, "vlanTrunk": [{"id": 200}], "preserveDefaultVlan": true})"},
      {"Gateway", R"({"vlan": 100, "isGateway": true, "ipMasq": true, "macspoofchk": true})"}};
}

class BridgeVlanCycleTest : public BridgeVlanTest, public testing::WithParamInterface<Case> {
 protected:
  static json network() { return BridgeVlanTest::network(GetParam().patch); }
};

TEST_P(BridgeVlanCycleTest, CheckAcceptsWhatAddMade) {
  const json result = attach(network());

  EXPECT_NO_THROW(check(with_previous(network(), result)));
}

TEST_P(BridgeVlanCycleTest, DelLeavesNothing) {
  attach(network(), container_called("c2"));
  detach(network(), container_called("c2"));
  const auto before = dump() + shell("bridge vlan");
  const json result = attach(network());

  detach(with_previous(network(), result));

  EXPECT_TRUE(is_same(before, dump() + shell("bridge vlan")));
}

INSTANTIATE_TEST_SUITE_P(
    Ports, BridgeVlanCycleTest, testing::ValuesIn(cases()), [](const auto& one) {
      return std::string{one.param.name};
    });

struct Breach {
  const char* name;
  /// $PORT is the container's port, of VLAN 100 and trunk 200-210; $GATEWAY is that of br0.100.
  const char* command;
  const char* part;  ///< Of the message.
};

void PrintTo(const Breach& one, std::ostream* out) {
  *out << one.name;
}

class BridgeVlanCheckTest : public BridgeVlanTest, public testing::WithParamInterface<Breach> {};

TEST_P(BridgeVlanCheckTest, NamesTheBrokenPromise) {
  const json config =
      network(R"({"vlan": 100, "vlanTrunk": [{"minID": 200, "maxID": 210}], "isGateway": true})");
  const json result = attach(config);
  const json request = with_previous(config, result);
  ASSERT_TRUE(is_success(run("CHECK", request)));

  shell("PORT=" + port_of(result) + "; GATEWAY=" + port_of_gateway() + "; " + GetParam().command);

  EXPECT_TRUE(is_error(run("CHECK", request), 103, GetParam().part));
}

std::vector<Breach> breaches() {
  return {
      {"FilteringOff", "ip link set br0 type bridge vlan_filtering 0", "does not filter VLANs"},
      {"VlanGone", "bridge vlan del dev $PORT vid 100", "lacks VLAN 100"},
      {"VlanTagged", "bridge vlan add dev $PORT vid 100", "lacks VLAN 100"},
      {"TrunkGone", "bridge vlan del dev $PORT vid 200-210", "lacks VLAN 200-210"},
      {"TrunkCutShort", "bridge vlan del dev $PORT vid 210", "lacks VLAN 200-210"},
      {"TrunkInterrupted", "bridge vlan del dev $PORT vid 205", "lacks VLAN 200-210"},
      {"GatewayLinkGone", "ip link del br0.100", "br0.100"},
      {"GatewayVlanGone", "bridge vlan del dev $GATEWAY vid 100", "lacks VLAN 100"},
      {"GatewayOffTheBridge", "ip link set $GATEWAY nomaster", "is not on bridge 'br0'"},
      {"GatewayAddressGone", "ip addr flush dev br0.100", "10.1.0.1"}};
}

INSTANTIATE_TEST_SUITE_P(
    Breaches, BridgeVlanCheckTest, testing::ValuesIn(breaches()), [](const auto& one) {
      return std::string{one.param.name};
    });

TEST_F(BridgeVlanTest, CheckToleratesVlansThatOthersAdded) {
  const json config = network(R"({"vlanTrunk": [{"minID": 200, "maxID": 210}]})");
  const json result = attach(config);

  shell("bridge vlan add dev " + port_of(result) + " vid 211-220");

  EXPECT_NO_THROW(check(with_previous(config, result)));
}

}  // namespace
}  // namespace patchbay::test
