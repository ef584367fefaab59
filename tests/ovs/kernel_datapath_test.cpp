// The ovs plugin on the kernel's datapath (openvswitch.ko), which most switches use.

#include "ovs/switch_test.h"
#include "support/tagged_frames.h"
#include "support/traffic.h"

namespace patchbay::test {
namespace {

class OvsKernelDatapathTest : public SwitchTest {
 protected:
  OvsKernelDatapathTest() : SwitchTest{"system"} {}

  void SetUp() override {
    if (try_shell("ovs-dpctl dump-dps").status != 0) {
      PATCHBAY_SKIP("this kernel has no Open vSwitch datapath");
    }
    SwitchTest::SetUp();
  }

  static std::string datapath() { return shell("ovs-dpctl show"); }
  /// Per cent of a flood of echo requests that are not answered.
  static int loss(const std::string& from, const std::string& address) {
    return std::stoi(shell_in(
        from,
        "ping -q -f -s 1400 -c 200 -w 5 " + address +
            " | sed -n 's/.* \\([0-9]*\\)[.0-9]*% packet loss.*/\\1/p'"));
  }
  static bool has_port(const std::string& device) {
    return datapath().find(": " + device + "\n") != std::string::npos;
  }
};

TEST_F(OvsKernelDatapathTest, TwoContainersPingEachOther) {
  const json result = attach(network());
  attach(network(), container_called("c2"));

  EXPECT_TRUE(has_port(device_of(result))) << datapath();
  EXPECT_TRUE(ping("c1", "10.0.0.2"));
  EXPECT_TRUE(ping("c2", "10.0.0.1"));
}

TEST_F(OvsKernelDatapathTest, MegabyteEachWay) {
  attach(network());
  attach(network(), container_called("c2"));

  EXPECT_EQ(
      exchange_megabyte({open_namespace("c1")}, {open_namespace("c2"), "10.0.0.2"}), "10.0.0.1");
}

TEST_F(OvsKernelDatapathTest, SameVlanIsReached) {
  attach(network(R"({"vlan": 10})"));
  attach(network(R"({"vlan": 10})"), container_called("c2"));

  EXPECT_TRUE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsKernelDatapathTest, VlansAreIsolated) {
  attach(network(R"({"vlan": 10})"));
  attach(network(R"({"vlan": 20})"), container_called("c2"));

  EXPECT_FALSE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsKernelDatapathTest, TrunkReachesItsVlans) {
  make_namespace("c3");
  attach(network(R"({"vlan": 10})"));
  attach(network(R"({"vlan": 20})"), container_called("c2"));

  attach(network(R"({"trunk": [{"id": 10}], "ipam": null})"), container_called("c3"));

  const auto inside = open_namespace("c3");
  EXPECT_TRUE(answers_arp(inside, 10, IpAddr::parse("10.0.0.1")));
  EXPECT_FALSE(answers_arp(inside, 20, IpAddr::parse("10.0.0.2")));
}

TEST_F(OvsKernelDatapathTest, PolicingLimitsWhatTheContainerSends) {
  make_namespace("c3");
  attach(network(R"({"ingressPolicingRate": 200, "ingressPolicingBurst": 40})"));
  attach(network(), container_called("c2"));
  attach(network(), container_called("c3"));

  EXPECT_GE(loss("c1", "10.0.0.2"), 20);
  EXPECT_LT(loss("c2", "10.0.0.3"), 10);
}

TEST_F(OvsKernelDatapathTest, GatewayIsReached) {
  const json config = network(R"({"vlan": 10, "isGateway": true})");

  const json result = attach(config);

  EXPECT_TRUE(ping("c1", "10.0.0.254"));
  EXPECT_NO_THROW(check(with_previous(config, result)));
}

TEST_F(OvsKernelDatapathTest, ForeignMacIsDropped) {
  attach(network(R"({"macspoofchk": true})"));
  attach(network(), container_called("c2"));
  ASSERT_TRUE(ping("c1", "10.0.0.2"));

  shell_in("c1", "ip link set eth0 address 02:00:00:00:00:99");

  EXPECT_FALSE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsKernelDatapathTest, BridgeIsMadeOnRequest) {
  const json config =
      network(R"({"bridge": "new1", "ensureBridge": true, "datapathType": "system"})");

  attach(config);
  attach(config, container_called("c2"));

  EXPECT_EQ(vsctl("get Bridge new1 datapath_type"), "system");
  EXPECT_TRUE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsKernelDatapathTest, DelLeavesNothing) {
  const auto before = everything();
  const json result = attach(network());

  detach(with_previous(network(), result));

  EXPECT_TRUE(is_same(before, everything()));
  EXPECT_TRUE(eventually([&] { return !has_port(device_of(result)); })) << datapath();
}

TEST_F(OvsKernelDatapathTest, DelAfterTheNamespaceIsGoneLeavesNothing) {
  const json result = attach(network());
  destroy_namespace("c1");

  detach(with_previous(network(), result), {.ns = ""});

  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(vsctl("list-ports ovs1"), "");
  EXPECT_TRUE(eventually([&] { return !has_port(device_of(result)); })) << datapath();
}

}  // namespace
}  // namespace patchbay::test
