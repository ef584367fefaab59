// What passes through an Open vSwitch bridge, and what must not.

#include "support/traffic.h"

#include <chrono>

#include "ovs/switch_test.h"
#include "support/tagged_frames.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

class OvsTrafficTest : public SwitchTest {
 protected:
  static std::string seen(
      const std::string& client, const std::string& server, const std::string& address) {
    return exchange_megabyte({open_namespace(client)}, {open_namespace(server), address});
  }
  /// "out", a host outside at 172.16.0.2, which knows nothing of the containers' subnets.
  void make_outside() {
    make_namespace("out");
    shell(
        "ip link add wan0 type veth peer eth0 netns out; ip addr add 172.16.0.1/24 dev wan0;"
        "ip link set wan0 up; ip -n out addr add 172.16.0.2/24 dev eth0;"
        "ip -n out link set eth0 up");
  }
};

TEST_F(OvsTrafficTest, MegabyteEachWay) {
  attach(network());
  attach(network(), container_called("c2"));

  EXPECT_EQ(seen("c1", "c2", "10.0.0.2"), "10.0.0.1");
  EXPECT_EQ(seen("c2", "c1", "10.0.0.1"), "10.0.0.2");
}

/// ovs-vswitchd sees both at once.
TEST_F(OvsTrafficTest, DetachedAndAttachedAtOnceIsReached) {
  attach(network(), container_called("c2"));
  attach(network());
  vswitchd().signal(SIGSTOP);
  detach(network());
  RunningPlugin add{call("ADD", network()), network().dump()};
  const auto are_two = [&] { return vsctl("list-ports ovs1").find('\n') != std::string::npos; };
  EXPECT_TRUE(eventually(are_two));
  vswitchd().signal(SIGCONT);

  EXPECT_TRUE(is_success(add.finish()));
  EXPECT_TRUE(ping("c1", "10.0.0.1"));
}

TEST_F(OvsTrafficTest, VlansAreIsolated) {
  attach(network(R"({"vlan": 10})"));
  attach(network(R"({"vlan": 20})"), container_called("c2"));

  EXPECT_FALSE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsTrafficTest, TrunkReachesItsVlans) {
  make_namespace("c3");
  attach(network(R"({"vlan": 10})"));
  attach(network(R"({"vlan": 20})"), container_called("c2"));
  const json trunk =
      network(R"({"trunk": [{"minID": 10, "maxID": 11}, {"id": 20}], "ipam": null})");

  const json result = attach(trunk, container_called("c3"));

  const auto inside = open_namespace("c3");
  EXPECT_TRUE(answers_arp(inside, 10, IpAddr::parse("10.0.0.1")));
  EXPECT_TRUE(answers_arp(inside, 20, IpAddr::parse("10.0.0.2")));
  EXPECT_FALSE(answers_arp(inside, 10, IpAddr::parse("10.0.0.2")));
  EXPECT_EQ(port_column(result, "trunks"), "[10, 11, 20]");
  EXPECT_EQ(port_column(result, "vlan_mode"), "trunk");
  check(with_previous(trunk, result), container_called("c3"));
}

TEST_F(OvsTrafficTest, SameVlanIsReached) {
  attach(network(R"({"vlan": 10})"));
  attach(network(R"({"vlan": 10})"), container_called("c2"));

  EXPECT_TRUE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsTrafficTest, NativeVlanBesideATrunk) {
  attach(network(R"({"vlan": 10})"));
  const json native =
      network(R"({"vlanMode": "native-untagged", "vlan": 10, "trunk": [{"id": 20}]})");

  const json result = attach(native, container_called("c2"));

  EXPECT_TRUE(ping("c2", "10.0.0.1"));
  EXPECT_EQ(port_column(result, "tag"), "10");
  check(with_previous(native, result), container_called("c2"));
}

/// What the customers c1 and c2 send comes out as they sent it, and not at c3, whose tunnel is
/// another.
TEST_F(OvsTrafficTest, TunnelCarriesUntaggedAndTaggedFrames) {
  make_namespace("c3");
  (void)vsctl("set Open_vSwitch . other_config:vlan-limit=2");
  const json tunnel = network(R"({"vlanMode": "dot1q-tunnel", "vlan": 100})");
  const json other = network(R"({"vlanMode": "dot1q-tunnel", "vlan": 200})");
  const json result = attach(tunnel);
  attach(tunnel, container_called("c2"));
  attach(other, container_called("c3"));
  const auto c1 = open_namespace("c1");

  EXPECT_TRUE(ping("c1", "10.0.0.2"));
  EXPECT_FALSE(ping("c1", "10.0.0.3"));
  EXPECT_TRUE(passes_tagged(c1, open_namespace("c2"), 5));
  EXPECT_FALSE(passes_tagged(c1, open_namespace("c3"), 5));
  check(with_previous(tunnel, result));
}

/// Only the direction to the container: Linux polices what a device receives after it has been
/// handed to the userspace datapath, so ingressPolicingRate and egressRate need the kernel's.
TEST_F(OvsTrafficTest, BandwidthLimitsWhatTheContainerGets) {
  using std::chrono::steady_clock;
  attach(network(R"({"runtimeConfig": {"bandwidth": {"ingressRate": 8000000}}})"));
  attach(network(), container_called("c2"));
  const auto start = steady_clock::now();

  EXPECT_EQ(seen("c2", "c1", "10.0.0.1"), "10.0.0.2");

  // A megabyte at 8 Mbit/s takes one second; without the limit some ten milliseconds.
  EXPECT_GT(steady_clock::now() - start, std::chrono::milliseconds{500});
}

TEST_F(OvsTrafficTest, IsolatedPortsDoNotReachEachOther) {
  attach(network(R"({"portIsolation": true, "isGateway": true})"));
  attach(network(R"({"portIsolation": true, "isGateway": true})"), container_called("c2"));

  EXPECT_FALSE(ping("c1", "10.0.0.2"));
  EXPECT_TRUE(ping("c1", "10.0.0.254"));
}

TEST_F(OvsTrafficTest, GatewayAndMasquerade) {
  make_outside();
  const json config = network(R"({"isDefaultGateway": true, "ipMasq": true})");

  const json result = attach(config);

  EXPECT_TRUE(ping("c1", "10.0.0.254"));
  EXPECT_EQ(seen("c1", "out", "172.16.0.2"), "172.16.0.1");
  EXPECT_EQ(result["interfaces"][2]["name"], "ovs1");
  check(with_previous(config, result));
  detach(with_previous(config, result));
}

/// A flow keeps what its first packet has met; the container runs already.
TEST_F(OvsTrafficTest, NoPacketLeavesBeforeTheMasquerade) {
  make_outside();
  const json config = network(R"({"isDefaultGateway": true, "ipMasq": true})");
  attach(config, container_called("c2"));  // turns forwarding on
  for (int round = 0; round < 4; ++round) {
    json result;
    const auto seen =
        chatter_while({open_namespace("c1")}, {open_namespace("out"), "172.16.0.2"}, [&] {
          result = attach(config);
        });
    EXPECT_EQ(seen, std::set<std::string>{"172.16.0.1"});
    detach(with_previous(config, result));
  }
}

TEST_F(OvsTrafficTest, GatewayInAVlan) {
  const json config = network(R"({"vlan": 10, "isGateway": true})");

  const json result = attach(config);

  EXPECT_EQ(result["interfaces"][2]["name"], "ovs1.10");
  EXPECT_EQ(vsctl("get Port ovs1.10 tag"), "10");
  EXPECT_TRUE(ping("c1", "10.0.0.254"));
  check(with_previous(config, result));
}

TEST_F(OvsTrafficTest, GatewayKeepsItsMacWhilePortsComeAndGo) {
  const json config = network(R"({"isGateway": true})");
  attach(config);
  const auto before = shell("cat /sys/class/net/ovs1/address");

  attach(config, container_called("c2"));
  detach(config);

  EXPECT_EQ(shell("cat /sys/class/net/ovs1/address"), before);
}

TEST_F(OvsTrafficTest, ForeignGatewayAddressIsRefusedOrReplaced) {
  shell("ip addr add 10.0.0.253/24 dev ovs1");

  const Answer refused = run("ADD", network(R"({"isGateway": true})"));
  EXPECT_TRUE(is_error(refused, 7, "forceAddress"));
  EXPECT_EQ(shell("ip -o -4 addr show ovs1").find("10.0.0.254"), std::string::npos);

  attach(network(R"({"isGateway": true, "forceAddress": true})"));
  EXPECT_TRUE(ping("c1", "10.0.0.254"));
}

class OvsGuardTest : public OvsTrafficTest {
 protected:
  void SetUp() override {
    OvsTrafficTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    if (contents_of("/proc/self/uid_map").find("4294967295") == std::string::npos) {
      PATCHBAY_SKIP("loading BPF programs is root's of the initial user namespace alone");
    }
  }
  static json guarded(const std::string& keys) { return network("{" + keys + "}"); }
};

TEST_F(OvsGuardTest, GenuineTrafficPasses) {
  const json config = guarded(R"("macspoofchk": true, "ipspoofchk": true)");
  const json result = attach(config);
  attach(config, container_called("c2"));

  EXPECT_TRUE(ping("c1", "10.0.0.2"));
  EXPECT_EQ(seen("c1", "c2", "10.0.0.2"), "10.0.0.1");
  check(with_previous(config, result));
}

TEST_F(OvsGuardTest, ForeignMacIsDropped) {
  const json config = guarded(R"("macspoofchk": true)");
  attach(config);
  attach(network(), container_called("c2"));
  ASSERT_TRUE(ping("c1", "10.0.0.2"));

  shell_in("c1", "ip link set eth0 address 02:00:00:00:00:99");

  EXPECT_FALSE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsGuardTest, ForeignIpIsDropped) {
  const json config = guarded(R"("ipspoofchk": true)");
  attach(config);
  attach(network(), container_called("c2"));
  ASSERT_TRUE(ping("c1", "10.0.0.2"));

  shell_in("c1", "ip addr add 10.0.0.99/24 dev eth0; ip addr del 10.0.0.1/24 dev eth0");

  EXPECT_FALSE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsGuardTest, ForeignIpv6IsDroppedAndGenuinePasses) {
  json config = guarded(R"("macspoofchk": true, "ipspoofchk": true)");
  config["ipam"] = host_local({"fd00:1::/64"});
  attach(config);
  attach(config, container_called("c2"));
  EXPECT_TRUE(ping("c1", "fd00:1::3"));

  shell_in("c1", "ip addr add fd00:1::99/64 dev eth0 nodad; ip addr del fd00:1::2/64 dev eth0");

  EXPECT_FALSE(ping("c1", "fd00:1::3"));
}

TEST_F(OvsGuardTest, ClaimsByArpAreHeldToTheAddressToo) {
  attach(guarded(R"("ipspoofchk": true)"));
  attach(network(), container_called("c2"));
  ASSERT_TRUE(ping("c1", "10.0.0.2"));

  shell_in("c1", "ip addr add 10.0.0.99/24 dev eth0");

  EXPECT_FALSE(ping("c2", "10.0.0.99"));
  EXPECT_TRUE(ping("c2", "10.0.0.1"));
}

TEST_F(OvsGuardTest, GuardHoldsWhenTheSwitchIsRestarted) {
  attach(guarded(R"("macspoofchk": true, "ipspoofchk": true)"));
  attach(network(), container_called("c2"));

  vswitchd().stop(SIGKILL);
  start_switch();

  EXPECT_TRUE(eventually([] { return ping("c1", "10.0.0.2"); }));
  shell_in("c1", "ip link set eth0 address 02:00:00:00:00:99");
  EXPECT_FALSE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsGuardTest, CheckMissesTheGuard) {
  const json config = guarded(R"("macspoofchk": true)");
  const json result = attach(config);
  shell("ip link set " + device_of(result) + " xdpgeneric off");

  EXPECT_TRUE(is_error(run("CHECK", with_previous(config, result)), 103, "not guarded"));
}

}  // namespace
}  // namespace patchbay::test
