// CHECK: each promise of ADD is broken in turn, and CHECK has to name it.

#include "e2e/network.h"

namespace patchbay::test {
namespace {

struct Break {
  const char* name;
  const char* command;  ///< $PORT is the host's end; the container's namespace is c1.
  const char* part;     ///< Of the message.
};

void PrintTo(const Break& one, std::ostream* out) {
  *out << one.name;
}

class CheckTest : public PluginTest, public testing::WithParamInterface<Break> {
 protected:
  static void expect_breach_is_named(const json& network, std::size_t host_end) {
    const json result = attach(network);
    const std::string port = result.at("interfaces").at(host_end).at("name");
    const json request = with_previous(network, result);
    ASSERT_TRUE(is_success(run("CHECK", request)));

    shell("PORT=" + port + "; " + GetParam().command);

    EXPECT_TRUE(is_error(run("CHECK", request), 103, GetParam().part));
  }
};

class BridgeCheckTest : public CheckTest {};
class PromiscuousBridgeCheckTest : public CheckTest {};
class VethCheckTest : public CheckTest {};

TEST_P(BridgeCheckTest, NamesTheBrokenPromise) {
  json network = bridge_network();
  network["ipMasq"] = true;
  network["macspoofchk"] = true;
  network["hairpinMode"] = true;
  network["portIsolation"] = true;
  network["mtu"] = 1400;
  network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});
  network["ipam"]["routes"].push_back(
      {{"dst", "10.9.0.0/16"}, {"gw", "10.1.0.7"}, {"priority", 77}, {"mtu", 1300}});
  network["ipam"]["routes"].push_back({{"dst", "10.8.0.0/16"}, {"table", 1000}});

  expect_breach_is_named(network, 1);
}

TEST_P(PromiscuousBridgeCheckTest, NamesTheBrokenPromise) {
  shell("ip link add up0 type veth peer up1");
  json network = bridge_network();
  network["promiscMode"] = true;
  network["uplink"] = "up0";

  expect_breach_is_named(network, 1);
}

TEST_P(VethCheckTest, NamesTheBrokenPromise) {
  json network = ptp_network();
  network["ipMasq"] = true;
  network["mtu"] = 1400;
  network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});

  expect_breach_is_named(network, 0);
}

std::vector<Break> container_breaks() {
  return {
      {"InterfaceMissing", "ip -n c1 link del eth0", "missing"},
      {"InterfaceRenamed", "ip -n c1 link set eth0 down name lost0", "'eth0'"},
      {"InterfaceDown", "ip -n c1 link set eth0 down", "'eth0'"},
      {"InterfaceOfAnotherKind",
       "ip -n c1 link del eth0; ip -n c1 link add eth0 type ifb; ip -n c1 link set eth0 up",
       ""},
      {"ContainerMac", "ip -n c1 link set eth0 address 02:00:00:00:00:99", "02:00:00:00:00:99"},
      {"ContainerMtu", "ip -n c1 link set eth0 mtu 1350", "MTU 1350"},
      {"AddressGone", "ip -n c1 addr del 10.1.0.2/24 dev eth0", "10.1.0.2/24"},
      {"AddressWithAnotherPrefix",
       "ip -n c1 addr del 10.1.0.2/24 dev eth0; ip -n c1 addr add 10.1.0.2/25 dev eth0",
       "10.1.0.2/24"},
      {"Address6Gone", "ip -n c1 addr del fd00:1::2/64 dev eth0", "fd00:1::2/64"},
      {"DefaultRouteGone", "ip -n c1 route del default", "0.0.0.0/0"},
      {"DefaultRoute6Gone", "ip -n c1 -6 route del default", "::/0"},
      {"DefaultRouteElsewhere",
       "ip -n c1 route replace default via 10.1.0.99 dev eth0 onlink",
       "0.0.0.0/0"},
      {"PortDown", "ip link set $PORT down", "is not up"},
      {"ForwardingOff", "echo 0 > /proc/sys/net/ipv4/ip_forward", "ip_forward"},
      {"Forwarding6Off", "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding", "forwarding"},
      {"MasqueradeElementGone",
       "nft flush set inet patchbay $(nft list sets |"
       " grep -B1 'type ipv4_addr' | grep -o 'net_[0-9a-f]*')",
       "has no element for 10."},
      {"MasqueradeElement6Gone",
       "nft flush set inet patchbay $(nft list sets |"
       " grep -B1 'type ipv6_addr' | grep -o 'net_[0-9a-f]*')",
       "has no element for fd00:"},
      {"MasqueradeBaseFlushed", "nft flush chain inet patchbay postrouting", "'postrouting'"},
      {"MasqueradeNetworkFlushed",
       "for c in $(nft list chains | grep -o 'net_[0-9a-f]*'); do"
       " nft flush chain inet patchbay $c; done",
       "'net_"},
      {"MasqueradeTableGone", "nft delete table inet patchbay", "has no element"},
      {"LeaseGone", "rm /var/lib/cni/networks/net1/10.1.0.2", "10.1.0.2"},
      {"LeaseOfAnother",
       R"(printf 'other\r\neth0' > /var/lib/cni/networks/net1/10.1.0.2)",
       "10.1.0.2"},
  };
}

std::vector<Break> bridge_breaks() {
  return {
      {"BridgeDown", "ip link set br0 down", "bridge 'br0' is not up"},
      {"BridgeMissing", "ip link del br0", "bridge 'br0' is missing"},
      {"BridgeOfAnotherKind",
       "ip link del br0; ip link add br0 type ifb",
       "bridge 'br0' is not a bridge"},
      {"BridgeMac", "ip link set br0 address 02:00:00:00:00:99", "02:00:00:00:00:99"},
      {"PortOffTheBridge", "ip link set $PORT nomaster", "is not on bridge 'br0'"},
      {"PortOnAnotherBridge",
       "ip link add br1 type bridge; ip link set $PORT master br1",
       "is not on bridge 'br0'"},
      {"PortMac", "ip link set $PORT address 02:00:00:00:00:99", "02:00:00:00:00:99"},
      {"PortMtu", "ip link set $PORT mtu 1350", "MTU 1350"},
      {"HairpinOff", "bridge link set dev $PORT hairpin off", "hairpin"},
      {"IsolationOff", "bridge link set dev $PORT isolated off", "isolation"},
      {"PortUnguarded", "ip link set $PORT group 0", "macspoofchk"},
      {"SpoofElementGone", "nft flush set bridge patchbay port_macs", "macspoofchk"},
      {"SpoofRuleFlushed", "nft flush chain bridge patchbay spoofcheck", "'spoofcheck'"},
      {"SpoofTableGone", "nft delete table bridge patchbay", "macspoofchk"},
      {"GatewayAddressGone", "ip addr del 10.1.0.1/24 dev br0", "gateway address 10.1.0.1/24"},
      {"GatewayAddress6Gone", "ip addr del fd00:1::1/64 dev br0", "gateway address fd00:1::1/64"},
      {"RouteMetric",
       "ip -n c1 route del 10.9.0.0/16;"
       "ip -n c1 route add 10.9.0.0/16 via 10.1.0.7 metric 78 mtu 1300",
       "10.9.0.0/16"},
      {"RouteMtu",
       "ip -n c1 route del 10.9.0.0/16; ip -n c1 route add 10.9.0.0/16 via 10.1.0.7 metric 77",
       "10.9.0.0/16"},
      {"RouteInTableGone", "ip -n c1 route flush table 1000", "10.8.0.0/16"},
  };
}

std::vector<Break> veth_breaks() {
  return {
      {"PortMissing", "ip link set $PORT netns c1", "host's end"},
      {"PortMtu", "ip link set $PORT mtu 1350", "MTU 1350"},
      {"PortMac", "ip link set $PORT address 02:00:00:00:00:99", "02:00:00:00:00:99"},
      {"HostRouteGone", "ip route del 10.1.0.2", "10.1.0.2"},
      {"HostRoute6Gone", "ip -6 route del fd00:1::2", "fd00:1::2"},
      {"GatewayAddressGone", "ip addr del 10.1.0.1/32 dev $PORT", "10.1.0.1"},
      {"GatewayAddress6Gone", "ip addr del fd00:1::1/128 dev $PORT", "fd00:1::1"},
      {"SubnetRouteGone", "ip -n c1 route del 10.1.0.0/24", "10.1.0.0/24"},
  };
}

INSTANTIATE_TEST_SUITE_P(
    Container,
    BridgeCheckTest,
    testing::ValuesIn(container_breaks()),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Own, BridgeCheckTest, testing::ValuesIn(bridge_breaks()), testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Own,
    PromiscuousBridgeCheckTest,
    testing::Values(
        Break{"NotPromiscuous", "ip link set br0 promisc off", "promiscuous"},
        Break{"UplinkGone", "ip link del up0", "uplink 'up0'"},
        Break{"UplinkOffTheBridge", "ip link set up0 nomaster", "uplink 'up0'"},
        Break{"UplinkDown", "ip link set up0 down", "uplink 'up0'"}),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Container,
    VethCheckTest,
    testing::ValuesIn(container_breaks()),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Own, VethCheckTest, testing::ValuesIn(veth_breaks()), testing::PrintToStringParamName());

class LenientCheckTest : public PluginTest {};

TEST_F(LenientCheckTest, MoreThanWasPromisedIsAccepted) {
  const json network = bridge_network();
  const json request = with_previous(network, attach(network));

  shell_in("c1", "ip addr add 10.77.0.1/24 dev eth0; ip route add 10.78.0.0/16 dev eth0");

  EXPECT_NO_THROW(check(request));
}

TEST_F(LenientCheckTest, LayerTwoIsChecked) {
  json network = bridge_network();
  network.erase("ipam");
  const json request = with_previous(network, attach(network));

  EXPECT_NO_THROW(check(request));
}

TEST_F(LenientCheckTest, DisabledInterfaceIsChecked) {
  json network = bridge_network();
  network.erase("ipam");
  network["disableContainerInterface"] = true;
  const json request = with_previous(network, attach(network));

  EXPECT_NO_THROW(check(request));
  EXPECT_NE(shell_in("c1", "ip link show eth0").find("state DOWN"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::test
