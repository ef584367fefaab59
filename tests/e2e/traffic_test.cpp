// What passes through the networks, and what must not.

#include "support/traffic.h"

#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

/// c1 and c2 are containers; "out" is a host outside, which knows nothing of the containers'
/// subnets.
class TrafficTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    make_namespace("c2");
    make_namespace("out");
    shell(
        "ip link add wan0 type veth peer eth0 netns out;"
        "ip addr add 172.16.0.1/24 dev wan0; ip addr add fd00:16::1/64 dev wan0 nodad;"
        "ip link set wan0 up;"
        "ip -n out addr add 172.16.0.2/24 dev eth0; ip -n out link set eth0 up;"
        "ip -n out addr add fd00:16::2/64 dev eth0 nodad; ip -n out link set lo up");
  }

  static json dual_stack(json network) {
    network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});
    network["ipMasq"] = true;
    return network;
  }
  /// The address under which a server at `address` in `server` sees a client in `client`.
  static std::string seen(
      const std::string& client, const std::string& server, const std::string& address) {
    return exchange_megabyte({open_namespace(client)}, {open_namespace(server), address});
  }
};

class NetworkTrafficTest : public TrafficTest, public testing::WithParamInterface<std::string> {
 protected:
  static json network() {
    return dual_stack(GetParam() == "bridge" ? bridge_network() : ptp_network());
  }
};

TEST_P(NetworkTrafficTest, MegabyteBetweenContainers) {
  attach(network());
  attach(network(), container_called("c2"));

  EXPECT_EQ(seen("c1", "c2", "10.1.0.3"), "10.1.0.2");
  EXPECT_EQ(seen("c2", "c1", "10.1.0.2"), "10.1.0.3");
}

TEST_P(NetworkTrafficTest, MegabyteBetweenContainersOverIpv6) {
  attach(network());
  attach(network(), container_called("c2"));

  EXPECT_EQ(seen("c1", "c2", "fd00:1::3"), "fd00:1::2");
}

TEST_P(NetworkTrafficTest, MegabyteToTheHost) {
  attach(network());
  const auto host = netns::Netns::current();

  EXPECT_EQ(exchange_megabyte({open_namespace("c1")}, {host, "10.1.0.1"}), "10.1.0.2");
  EXPECT_EQ(exchange_megabyte({open_namespace("c1")}, {host, "fd00:1::1"}), "fd00:1::2");
}

TEST_P(NetworkTrafficTest, MegabyteFromTheHost) {
  attach(network());
  const auto host = netns::Netns::current();

  EXPECT_EQ(exchange_megabyte({host}, {open_namespace("c1"), "10.1.0.2"}), "10.1.0.1");
}

TEST_P(NetworkTrafficTest, MegabyteToTheOutsideIsMasqueraded) {
  attach(network());

  EXPECT_EQ(seen("c1", "out", "172.16.0.2"), "172.16.0.1");
}

TEST_P(NetworkTrafficTest, MegabyteToTheOutsideIsMasqueradedOverIpv6) {
  attach(network());

  EXPECT_EQ(seen("c1", "out", "fd00:16::2"), "fd00:16::1");
}

/// A flow keeps what its first packet has met. The container runs already, as in `podman network
/// connect`.
TEST_P(NetworkTrafficTest, NoPacketLeavesBeforeTheMasquerade) {
  attach(network(), container_called("c2"));  // turns forwarding on
  const auto c1 = open_namespace("c1");
  const auto out = open_namespace("out");
  for (int round = 0; round < 8; ++round) {
    json result;
    const auto seen = chatter_while({c1}, {out, "172.16.0.2"}, [&] { result = attach(network()); });
    EXPECT_EQ(seen, std::set<std::string>{"172.16.0.1"});
    detach(with_previous(network(), result));
  }
}

TEST_P(NetworkTrafficTest, WithoutMasqueradeTheOutsideSeesTheContainer) {
  json plain = network();
  plain["ipMasq"] = false;
  shell("ip -n out route add 10.1.0.0/24 via 172.16.0.1");
  attach(plain);

  EXPECT_EQ(seen("c1", "out", "172.16.0.2"), "10.1.0.2");
}

TEST_P(NetworkTrafficTest, MasqueradeEndsWithTheAttachment) {
  json plain = network();
  plain["ipMasq"] = false;
  plain["runtimeConfig"]["ips"] = {"10.1.0.50"};
  json masqueraded = plain;
  masqueraded["ipMasq"] = true;
  shell("ip -n out route add 10.1.0.0/24 via 172.16.0.1");
  const json result = attach(masqueraded);
  detach(with_previous(masqueraded, result));

  attach(plain, container_called("c2"));

  EXPECT_EQ(seen("c2", "out", "172.16.0.2"), "10.1.0.50");
}

/// The first container's addresses are given to the second; then its DEL is repeated.
TEST_P(NetworkTrafficTest, LateSecondDelLeavesTheMasqueradeOfTheNextHolder) {
  json network = NetworkTrafficTest::network();
  network["runtimeConfig"]["ips"] = {"10.1.0.50", "fd00:1::50"};
  const json result = attach(network);
  detach(with_previous(network, result));
  attach(network, container_called("c2"));

  detach(with_previous(network, result));
  detach(network, {.ns = ""});

  EXPECT_EQ(seen("c2", "out", "172.16.0.2"), "172.16.0.1");
  EXPECT_EQ(seen("c2", "out", "fd00:16::2"), "fd00:16::1");
}

/// As containerd does it: the first DEL with the namespace, the second with nothing.
TEST_P(NetworkTrafficTest, SecondDelWithoutNamespaceAndPreviousResultSucceeds) {
  const json result = attach(network());
  detach(with_previous(network(), result));

  EXPECT_NO_THROW(detach(network(), {.ns = ""}));
}

TEST_P(NetworkTrafficTest, ContainerAttachedTwiceKeepsTheSecondInterface) {
  const Container second{.ifname = "eth1"};
  attach(network());
  const json kept = attach(network(), second);

  detach(network());

  EXPECT_NO_THROW(check(with_previous(network(), kept), second));
  EXPECT_EQ(seen("c1", "out", "172.16.0.2"), "172.16.0.1");
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
}

TEST_P(NetworkTrafficTest, Ipv6IsUsableAtOnce) {
  attach(network());

  EXPECT_NO_THROW(
      exchange_megabyte({open_namespace("c1")}, {netns::Netns::current(), "fd00:1::1"}));
}

TEST_P(NetworkTrafficTest, RulesetSurvivesBeingSavedAndLoaded) {
  const json result = attach(network());

  shell("nft list ruleset > /run/saved; nft flush ruleset; nft -f /run/saved");

  EXPECT_EQ(seen("c1", "out", "172.16.0.2"), "172.16.0.1");
  EXPECT_NO_THROW(check(with_previous(network(), result)));
}

TEST_P(NetworkTrafficTest, MasqueradeComesBackAfterAFlushOfEverything) {
  attach(network());
  shell("nft flush ruleset");

  attach(network(), container_called("c2"));

  EXPECT_EQ(seen("c2", "out", "172.16.0.2"), "172.16.0.1");
}

/// In the namespace of `in` ("": the host's); asked in a way that does not make the kernel hurry.
std::string state_of(const std::string& link, const std::string& in) {
  const std::string file = "/sys/class/net/" + link + "/operstate";
  return shell((in.empty() ? "" : "ip netns exec " + in + " ") + "cat " + file);
}

/// Makes the next links of the host and of c1 have the same number.
void align_numbers() {
  shell(
      "probe() { ip $1 link add probe type bridge;"
      "          ip $1 -json link show probe | sed 's/.*\"ifindex\":\\([0-9]*\\).*/\\1/';"
      "          ip $1 link del probe; };"
      "wanted=$(probe); while [ $(probe '-n c1') -lt $wanted ]; do :; done");
}

/// A worker of the kernel takes up to a second to see to the carrier of a pair whose ends have the
/// same number (net/core/link_watch.c: linkwatch_urgent_event). Until then an end drops everything.
TEST_P(NetworkTrafficTest, BothEndsCarryPacketsWhateverTheirNumbers) {
  attach(network(), container_called("c2"));  // makes the bridge
  align_numbers();

  const json result = attach(network());

  const auto& interfaces = result.at("interfaces");
  const std::string near = interfaces.at(interfaces.size() - 2).at("name");
  ASSERT_EQ(
      shell("cat /sys/class/net/" + near + "/ifindex"),
      shell("ip netns exec c1 cat /sys/class/net/eth0/ifindex"));
  EXPECT_EQ(state_of(near, ""), "up\n");
  EXPECT_EQ(state_of("eth0", "c1"), "up\n");
}

INSTANTIATE_TEST_SUITE_P(
    Plugins, NetworkTrafficTest, testing::Values("bridge", "ptp"), name_of_text);

class BridgeTrafficTest : public TrafficTest {
 protected:
  static json network() { return dual_stack(bridge_network()); }
};

TEST_F(BridgeTrafficTest, SpoofedMacIsDropped) {
  json network = BridgeTrafficTest::network();
  network["macspoofchk"] = true;
  attach(network);
  ASSERT_TRUE(ping("c1", "10.1.0.1"));

  shell_in("c1", "ip link set eth0 address 02:00:00:00:00:99");

  EXPECT_NE(try_shell_in("c1", "ping -n -q -c1 -W1 10.1.0.1").status, 0);
}

TEST_F(BridgeTrafficTest, GenuineMacPassesAgain) {
  json network = BridgeTrafficTest::network();
  network["macspoofchk"] = true;
  const json result = attach(network);
  const std::string genuine = result.at("interfaces").at(2).at("mac");
  shell_in("c1", "ip link set eth0 address 02:00:00:00:00:99");

  shell_in("c1", "ip link set eth0 address " + genuine);

  EXPECT_EQ(seen("c1", "out", "172.16.0.2"), "172.16.0.1");
}

TEST_F(BridgeTrafficTest, UncheckedPortBesideACheckedOneMaySpoof) {
  json checked = BridgeTrafficTest::network();
  checked["macspoofchk"] = true;
  attach(checked);
  attach(network(), container_called("c2"));

  shell_in("c2", "ip link set eth0 address 02:00:00:00:00:99");

  EXPECT_TRUE(ping("c2", "10.1.0.1"));
}

TEST_F(BridgeTrafficTest, IsolatedPortsReachTheGatewayOnly) {
  json network = BridgeTrafficTest::network();
  network["portIsolation"] = true;
  attach(network);
  attach(network, container_called("c2"));

  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_NE(try_shell_in("c1", "ping -n -q -c1 -W1 10.1.0.3").status, 0);
}

TEST_F(BridgeTrafficTest, DefaultGatewayAddsTheRoutes) {
  json network = BridgeTrafficTest::network();
  network["isGateway"] = false;
  network["isDefaultGateway"] = true;
  network["ipam"].erase("routes");

  const json result = attach(network);

  EXPECT_EQ(
      result.at("routes"),
      json::array(
          {{{"dst", "0.0.0.0/0"}, {"gw", "10.1.0.1"}}, {{"dst", "::/0"}, {"gw", "fd00:1::1"}}}));
  EXPECT_EQ(seen("c1", "out", "172.16.0.2"), "172.16.0.1");
}

TEST_F(BridgeTrafficTest, RouteAttributesAreProgrammed) {
  json network = BridgeTrafficTest::network();
  network["ipam"]["routes"] = {
      {{"dst", "10.9.0.0/16"},
       {"gw", "10.1.0.7"},
       {"priority", 77},
       {"mtu", 1300},
       {"advmss", 1200},
       {"table", 1000}},
      {{"dst", "10.8.0.0/16"}, {"scope", 253}},
      {{"dst", "10.7.0.0/16"}, {"gw", "192.168.9.9"}}};

  const json result = attach(network);

  const auto routes = shell_in("c1", "ip route show table all");
  EXPECT_NE(
      routes.find("10.9.0.0/16 via 10.1.0.7 dev eth0 table 1000 metric 77 mtu 1300 advmss 1200"),
      std::string::npos)
      << routes;
  EXPECT_NE(routes.find("10.8.0.0/16 dev eth0 scope link"), std::string::npos) << routes;
  EXPECT_NE(routes.find("10.7.0.0/16 via 192.168.9.9 dev eth0 onlink"), std::string::npos)
      << routes;
  EXPECT_NO_THROW(check(with_previous(network, result)));
}

TEST_F(BridgeTrafficTest, GatewayAlreadyThereToleratesAnotherAddress) {
  attach(network());
  shell("ip addr add 10.66.0.1/24 dev br0");

  EXPECT_NO_THROW(attach(network(), container_called("c2")));
}

TEST_F(BridgeTrafficTest, ForceAddressReplacesTheAddress) {
  shell("ip link add br0 type bridge; ip addr add 10.66.0.1/24 dev br0");
  json network = BridgeTrafficTest::network();
  network["forceAddress"] = true;

  attach(network);

  const auto addresses = shell("ip addr show br0");
  EXPECT_EQ(addresses.find("10.66.0.1"), std::string::npos);
  EXPECT_NE(addresses.find("10.1.0.1/24"), std::string::npos);
}

TEST_F(BridgeTrafficTest, BridgeKeepsItsMacAddressWhateverItsPortsDo) {
  const json result = attach(network());
  const std::string mac = result.at("interfaces").at(0).at("mac");

  shell("ip link add aa0 address 00:00:00:00:00:01 type ifb; ip link set aa0 master br0");

  EXPECT_NE(shell("ip link show br0").find(mac), std::string::npos);
}

TEST_F(BridgeTrafficTest, BridgeThatExistsKeepsItsMacAddress) {
  shell("ip link add br0 type bridge");
  const json result = attach(network());
  const std::string mac = result.at("interfaces").at(0).at("mac");

  attach(network(), container_called("c2"));

  EXPECT_NE(shell("ip link show br0").find(mac), std::string::npos);
}

TEST_F(BridgeTrafficTest, MtuOfTheUplink) {
  shell("ip link add up0 mtu 1400 type veth peer up1");
  json network = BridgeTrafficTest::network();
  network["uplink"] = "up0";
  network["mtu"] = "auto";

  const json result = attach(network);

  EXPECT_EQ(result.at("interfaces").at(2).at("mtu"), 1400);
}

TEST_F(BridgeTrafficTest, MtuOfTheDefaultRoutesLink) {
  shell("ip link set wan0 mtu 1350; ip route add default via 172.16.0.2");
  json network = BridgeTrafficTest::network();
  network["mtu"] = "auto";

  const json result = attach(network);

  EXPECT_EQ(result.at("interfaces").at(2).at("mtu"), 1350);
}

TEST_F(BridgeTrafficTest, MtuAutoWithoutDefaultRouteIsTheKernels) {
  json network = BridgeTrafficTest::network();
  network["mtu"] = "auto";

  EXPECT_EQ(attach(network).at("interfaces").at(2).at("mtu"), 1500);
}

TEST_F(BridgeTrafficTest, AddressesAndRoutesOfTheUplinkMoveToTheBridge) {
  shell("ip route add default via 172.16.0.2; ip route add 10.99.0.0/16 via 172.16.0.2 metric 9");
  json network = BridgeTrafficTest::network();
  network["isGateway"] = false;
  network["uplink"] = "wan0";
  network["uplinkAddresses"] = "move";

  const json result = attach(network);

  EXPECT_TRUE(ping("", "172.16.0.2"));
  EXPECT_TRUE(ping("", "fd00:16::2"));
  const auto routes = shell("ip route");
  EXPECT_NE(routes.find("default via 172.16.0.2 dev br0"), std::string::npos) << routes;
  EXPECT_NE(routes.find("10.99.0.0/16 via 172.16.0.2 dev br0 metric 9"), std::string::npos)
      << routes;
  EXPECT_EQ(routes.find("wan0"), std::string::npos) << routes;
  EXPECT_NO_THROW(check(with_previous(network, result)));
}

TEST_F(BridgeTrafficTest, UplinkThatIsAPortAlreadyStays) {
  json network = BridgeTrafficTest::network();
  network["uplink"] = "wan0";
  network["isGateway"] = false;
  network["uplinkAddresses"] = "move";
  attach(network);

  EXPECT_NO_THROW(attach(network, container_called("c2")));
}

TEST_F(BridgeTrafficTest, LayerTwoNetworkCarriesFrames) {
  json network = BridgeTrafficTest::network();
  network.erase("ipam");
  network["isGateway"] = false;
  attach(network);
  attach(network, container_called("c2"));
  shell("ip -n c1 addr add 10.5.0.1/24 dev eth0; ip -n c2 addr add 10.5.0.2/24 dev eth0");

  EXPECT_EQ(seen("c1", "c2", "10.5.0.2"), "10.5.0.1");
}

TEST_F(BridgeTrafficTest, HairpinLetsAContainerReachItself) {
  json network = BridgeTrafficTest::network();
  network["hairpinMode"] = true;
  const json result = attach(network);
  const std::string port = result.at("interfaces").at(1).at("name");

  EXPECT_NE(shell("ip -d link show " + port).find("hairpin on"), std::string::npos);
}

TEST_F(BridgeTrafficTest, DuplicateDetectionEndsBeforeTheResult) {
  json network = BridgeTrafficTest::network();
  network["enabledad"] = true;

  attach(network);

  EXPECT_EQ(
      shell_in("c1", "ip -6 addr show eth0 scope global").find("tentative"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::test
