#include "e2e/host_device_test.h"

#include "e2e/golden.h"
#include "support/dump.h"

namespace patchbay::test {

std::string HostDeviceTest::everything() {
  const std::string host = dump();
  const netns::ScopedNetns inside{open_namespace("c1")};
  return host + "== container\n" + dump_network();
}

namespace {

class HostDeviceVersionTest : public HostDeviceTest,
                              public testing::WithParamInterface<std::string> {};

TEST_P(HostDeviceVersionTest, AddGivesTheGoldenResult) {
  const json result = attach(host_device_network(GetParam()));

  EXPECT_EQ(difference_to_golden("host-device-" + GetParam(), result), "");
}

/// The walk-through: out, a ping over the cable, and back again.
TEST_P(HostDeviceVersionTest, DeviceGoesInAndComesBackAsItWas) {
  const json network = warm_network(GetParam());
  const auto before = everything();

  const json result = attach(network);

  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_EQ(shell("ip link").find("nic0"), std::string::npos);
  detach(with_previous(network, result));
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_P(HostDeviceVersionTest, SecondAddIsRefusedAndLeavesTheLiveAttachment) {
  const json network = host_device_network(GetParam());
  attach(network);
  const auto before = everything();

  const Answer again = run("ADD", network);

  EXPECT_TRUE(is_error(again, 4, "CNI_IFNAME"));
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_P(HostDeviceVersionTest, DelWithoutPreviousResultGivesItBack) {
  const json network = warm_network(GetParam());
  const auto before = everything();
  attach(network);

  detach(network);

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_P(HostDeviceVersionTest, SecondDelSucceeds) {
  const json network = warm_network(GetParam());
  const auto before = everything();
  const json result = attach(network);
  detach(with_previous(network, result));

  detach(with_previous(network, result));

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_P(HostDeviceVersionTest, DelWithoutNamespaceGivesItBack) {
  const json network = warm_network(GetParam());
  const auto before = everything();
  const json result = attach(network);

  detach(with_previous(network, result), {.ns = ""});

  EXPECT_TRUE(is_same(before, everything()));
}

INSTANTIATE_TEST_SUITE_P(
    Cni, HostDeviceVersionTest, testing::ValuesIn(cni_versions()), name_of_version);

class HostDeviceCheckVersionTest : public HostDeviceTest,
                                   public testing::WithParamInterface<std::string> {};

TEST_P(HostDeviceCheckVersionTest, CheckAcceptsWhatAddMade) {
  const json network = host_device_network(GetParam());
  const json result = attach(network);

  EXPECT_NO_THROW(check(with_previous(network, result)));
}

INSTANTIATE_TEST_SUITE_P(
    Cni,
    HostDeviceCheckVersionTest,
    testing::ValuesIn(cni_versions_since("0.4.0")),
    name_of_version);

TEST_F(HostDeviceTest, Layer2DeviceIsUpAndComesBack) {
  const auto before = everything();

  const json result = attach(layer2_network());

  EXPECT_FALSE(result.contains("ips"));
  EXPECT_NE(shell_in("c1", "ip link show eth0").find("UP"), std::string::npos);
  EXPECT_NO_THROW(check(with_previous(layer2_network(), result)));
  detach(layer2_network());
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, DeviceThatWasDownIsDownAgain) {
  shell("ip link set nic0 down");
  const auto before = everything();

  attach(layer2_network());
  detach(layer2_network());

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, MacAndMtuAreSetAndRestored) {
  json network = warm_network();
  network["mtu"] = 1300;
  network["runtimeConfig"]["mac"] = "02:00:00:00:00:99";
  const auto before = everything();

  const json result = attach(network);

  EXPECT_EQ(result.at("interfaces").at(0).at("mtu"), 1300);
  EXPECT_EQ(result.at("interfaces").at(0).at("mac"), "02:00:00:00:00:99");
  EXPECT_NO_THROW(check(with_previous(network, result)));
  detach(network);
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, DualStackConnectsAtOnce) {
  json network = warm_network();
  network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});
  const auto before = everything();

  const json result = attach(network);

  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_TRUE(ping("c1", "fd00:1::1"));
  EXPECT_NO_THROW(check(with_previous(network, result)));
  detach(network);
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, TwoDevicesOfOneContainerComeBack) {
  plug_nic("nic1");
  const json first = warm_network();
  json second = first;
  second["device"] = "nic1";
  const auto before = everything();

  attach(first);
  attach(second, {.ifname = "eth1"});
  detach(second, {.ifname = "eth1"});
  detach(first);

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, AddressesAreRestored) {
  json network = warm_network();
  network["addresses"] = "restore";
  shell(
      "ip addr add 172.16.0.2/24 brd + dev nic0; ip addr add 172.16.0.3/24 dev nic0 label nic0:b;"
      "ip addr add 172.17.0.2 peer 172.17.0.9/32 dev nic0; ip addr add 172.18.0.2/32 scope link "
      "dev nic0;"
      "ip addr add fd00:16::2/64 nodad dev nic0;"
      "ip route add default via 172.16.0.1 metric 7; ip route add 10.77.0.0/16 via 172.16.0.9;"
      "ip route add 10.78.0.0/16 dev nic0 table 100; ip route add default via fd00:16::1 dev nic0");
  ASSERT_TRUE(await_local_routes());
  const auto before = everything();

  attach(network);
  EXPECT_EQ(shell_in("c1", "ip addr").find("172.16"), std::string::npos);
  detach(network);

  // The kernel completes IPv6 addresses in its own time.
  await([&] { return static_cast<bool>(is_same(before, everything())); });
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, Ipv6LinkLocalAddressesAreNoneToLose) {
  ASSERT_TRUE(await([] { return shell("ip addr show nic0").find("fe80") != std::string::npos; }));

  EXPECT_NO_THROW(attach(layer2_network()));
}

TEST_F(HostDeviceTest, NumberThatIsTakenInTheContainerIsNoObstacle) {
  const auto index = shell("cat /sys/class/net/nic0/ifindex");
  shell_in("c1", "ip link add own0 index " + index.substr(0, index.find('\n')) + " type ifb");
  const auto before = everything();

  attach(layer2_network());
  detach(layer2_network());

  EXPECT_TRUE(is_same(before, everything()));
}

}  // namespace
}  // namespace patchbay::test
