// A failure at any step leaves nothing behind.

#include <csignal>

#include "e2e/failures.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

class FailureTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    shell("nft add table ip of_somebody_else");
    for (const auto& network : {bridge(), ptp()}) {
      attach(network, {.id = "first"});
      detach(network, {.id = "first"});
    }
  }

  static json bridge() {
    json network = bridge_network();
    network["ipMasq"] = true;
    network["macspoofchk"] = true;
    network["hairpinMode"] = true;
    return network;
  }
  static json ptp() {
    json network = ptp_network();
    network["ipMasq"] = true;
    return network;
  }
  /// The host and the container.
  static std::string everything() {
    const netns::ScopedNetns inside{open_namespace("c1")};
    return "== container\n" + dump_network();
  }
};

class AddFailureTest : public FailureTest, public testing::WithParamInterface<Failure> {
 protected:
  static void expect_trace_free_failure(json network) {
    network.merge_patch(json::parse(GetParam().patch));
    shell(GetParam().preparation);
    ASSERT_TRUE(await_local_routes());
    make_plugin("fake-ipam", fake_ipam_of(GetParam()));
    const auto before = dump();
    const auto inside = everything();

    const Answer answer = run("ADD", network);

    EXPECT_TRUE(is_error(answer, GetParam().code, GetParam().part));
    EXPECT_TRUE(is_unchanged(before));
    EXPECT_TRUE(is_same(inside, everything()));
  }
};

class BridgeAddFailureTest : public AddFailureTest {};
class VethAddFailureTest : public AddFailureTest {};

TEST_P(BridgeAddFailureTest, LeavesNothing) {
  expect_trace_free_failure(bridge());
}

TEST_P(VethAddFailureTest, LeavesNothing) {
  expect_trace_free_failure(ptp());
}

std::vector<Failure> bridge_failures() {
  return {
      {"GatewayConflicts",
       R"({"ipam":{"ranges":[[{"subnet":"10.2.0.0/24"}]]}})",
       "",
       "",
       7,
       "'br0' already has an IP address different from 10.2.0.1/24: 10.1.0.1/24"},
      {"BridgeIsAnotherKind",
       R"({"bridge":"other0"})",
       "ip link add other0 type ifb",
       "",
       7,
       "'other0'"},
      {"BridgeIsLo", R"({"bridge":"lo"})", "", "", 7, "'lo'"},
      {"SpoofCheckRefused",
       "{}",
       "nft delete table bridge patchbay; nft add table bridge patchbay;"
       "nft 'add set bridge patchbay port_macs { type ether_addr ; }'",
       "",
       100,
       "port_macs"},
      {"UplinkMissing", R"({"uplink":"up0"})", "", "", 7, "uplink: no link 'up0'"},
      {"UplinkWithAddress",
       R"({"uplink":"up0"})",
       "ip link add up0 type veth peer up1; ip addr add 172.16.0.2/24 dev up0; ip link set up0 up",
       "",
       7,
       "uplink: 'up0' carries address 172.16.0.2/24"},
      {"UplinkOfAnotherBridge",
       R"({"uplink":"up0"})",
       "ip link add br1 type bridge; ip link add up0 type ifb; ip link set up0 master br1",
       "",
       7,
       "uplink: 'up0'"},
      {"UplinkThatCannotBeAPort", R"({"uplink":"lo"})", "", "", 7, "uplink: 'lo'"},
      {"AfterTheUplinkWasEnslaved",
       R"({"uplink":"up0","mtu":60})",
       "ip link add up0 type veth peer up1",
       "",
       100,
       "create the veth pair"},
      {"AfterTheUplinkAddressesWereMoved",
       R"({"uplink":"up0","uplinkAddresses":"move","isGateway":false,"mtu":60})",
       "ip link add up0 type veth peer up1; ip link set up1 up; ip link set up0 up;"
       "ip addr add 172.16.0.2/24 dev up0; ip addr add 172.16.0.3/24 dev up0;"
       "ip addr add fd00:16::2/64 dev up0 nodad;"
       "ip route add default via 172.16.0.1; ip route add 10.77.0.0/16 via 172.16.0.9 metric 50;"
       "ip route add 10.78.0.0/16 dev up0 table 100; ip route add default via fd00:16::1",
       "",
       100,
       "create the veth pair"},
      {"DuplicateAddressDetected",
       R"({"enabledad":true,"isGateway":false,"ipMasq":false,"ipam":{"type":"fake-ipam"}})",
       "ip addr add fd00:9::5/64 dev br0 nodad",
       R"(echo '{"cniVersion":"1.1.0","ips":[{"address":"fd00:9::5/64","gateway":"fd00:9::1"}]}')",
       100,
       "fd00:9::5"},
  };
}

std::vector<Failure> veth_failures() {
  return {
      {"AddressWithoutGateway",
       kFake,
       "",
       R"(echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.0.5/24"}]}')",
       7,
       "10.1.0.5/24"},
      {"NoIpam", R"({"ipam":null})", "", "", 7, "ipam"},
  };
}

INSTANTIATE_TEST_SUITE_P(
    Common,
    BridgeAddFailureTest,
    testing::ValuesIn(common_failures()),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Own,
    BridgeAddFailureTest,
    testing::ValuesIn(bridge_failures()),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Common,
    VethAddFailureTest,
    testing::ValuesIn(common_failures()),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Own, VethAddFailureTest, testing::ValuesIn(veth_failures()), testing::PrintToStringParamName());

TEST_F(FailureTest, AddToATakenNameLeavesTheForeignInterface) {
  shell_in("c1", "ip link add eth0 type ifb");
  const auto before = dump();
  const auto inside = everything();

  EXPECT_TRUE(is_error(run("ADD", bridge()), 4, "CNI_IFNAME: interface 'eth0' already exists"));
  EXPECT_TRUE(is_error(run("ADD", ptp()), 4, "CNI_IFNAME: interface 'eth0' already exists"));
  EXPECT_TRUE(is_unchanged(before));
  EXPECT_TRUE(is_same(inside, everything()));
}

TEST_F(FailureTest, AddOfTheSameOwnerElsewhereLeavesTheLiveAttachment) {
  make_namespace("c2");
  for (const auto& network : {bridge(), ptp()}) {
    attach(network);
    const auto before = dump();

    EXPECT_FALSE(run("ADD", network, {.ns = "/run/netns/c2"}).ok());

    EXPECT_TRUE(is_unchanged(before));
    EXPECT_TRUE(ping("c1", "10.1.0.1"));
    detach(network);
  }
}

TEST_F(FailureTest, AddSucceedsAfterAFailedOne) {
  json broken = bridge();
  broken["mtu"] = 60;
  ASSERT_FALSE(run("ADD", broken).ok());

  EXPECT_NO_THROW(attach(bridge()));
}

TEST_F(FailureTest, DelFreesTheRestWhenIpamFails) {
  const auto before = dump();
  json network = bridge();
  attach(network);
  make_plugin("fake-ipam", R"(echo '{"code":78,"msg":"disk gone"}'; exit 1)");
  json broken = network;
  broken["ipam"]["type"] = "fake-ipam";

  EXPECT_TRUE(is_error(run("DEL", broken), 78, "disk gone"));

  EXPECT_EQ(shell("ip link").find("veth"), std::string::npos);
  EXPECT_EQ(shell("nft list ruleset").find("c1"), std::string::npos);
  detach(network);
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(FailureTest, DelFreesTheRestWhenIpamIsMissing) {
  json network = bridge();
  attach(network);
  network["ipam"]["type"] = "nonesuch";

  EXPECT_TRUE(is_error(run("DEL", network), 7, "'nonesuch'"));

  EXPECT_EQ(shell("ip link").find("veth"), std::string::npos);
}

TEST_F(FailureTest, DelGoesOnWithoutAReadablePreviousResult) {
  const auto before = dump();
  attach(bridge());

  const Answer answer = run("DEL", with_previous(bridge(), {{"ips", "none"}}));

  EXPECT_TRUE(is_success(answer));
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(FailureTest, DelWithARegularFileForANamespaceLeavesNothing) {
  const auto before = dump();
  const json result = attach(bridge());
  shell("touch /run/regular");

  detach(with_previous(bridge(), result), {.ns = "/run/regular"});

  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(FailureTest, DelFromAnotherNamespaceLeavesNothing) {
  make_namespace("c2");
  const auto before = dump();
  attach(bridge());

  detach(bridge(), {.ns = "/run/netns/c2"});

  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(FailureTest, DelOfWhatWasFlushedByTheContainerLeavesNothing) {
  const auto before = dump();
  attach(bridge());
  shell_in("c1", "ip addr flush dev eth0; ip link set eth0 down; ip link set eth0 name lost0");

  detach(bridge());

  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(FailureTest, DelWithoutTablesSucceeds) {
  const json result = attach(bridge());
  shell("nft flush ruleset; ip link del br0");

  EXPECT_NO_THROW(detach(with_previous(bridge(), result)));
  EXPECT_NO_THROW(detach(bridge()));
  EXPECT_EQ(count_leases(), 0U);
}

/// The instants are a fifth of a millisecond apart: an ADD takes a few milliseconds.
TEST_F(FailureTest, AddKilledAtAnyInstantIsCleanedUpByDel) {
  const auto before = dump();
  for (const auto& network : {bridge(), ptp()}) {
    for (int instant = 0; instant < 20; ++instant) {
      RunningPlugin add{call("ADD", network), network.dump()};
      const timespec pause{0, instant * 200'000L};
      ::nanosleep(&pause, nullptr);
      ::kill(add.pid(), SIGKILL);
      add.finish();
      ASSERT_TRUE(reap_children());

      detach(network);
    }
  }
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(FailureTest, AddKilledAtAnyInstantIsCleanedUpByGc) {
  const auto before = dump();
  json collection = bridge();
  collection["cni.dev/valid-attachments"] = json::array();
  for (int instant = 0; instant < 10; ++instant) {
    RunningPlugin add{call("ADD", bridge()), bridge().dump()};
    const timespec pause{0, instant * 400'000L};
    ::nanosleep(&pause, nullptr);
    ::kill(add.pid(), SIGKILL);
    add.finish();
    ASSERT_TRUE(reap_children());

    ASSERT_TRUE(is_success(run("GC", collection)));
  }
  EXPECT_TRUE(is_unchanged(before));
}

}  // namespace
}  // namespace patchbay::test
