// A failure at any step leaves nothing behind, and DEL gives the device back whatever happened.

#include <csignal>

#include "e2e/failures.h"
#include "e2e/host_device_test.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

class HostDeviceAddFailureTest : public HostDeviceTest,
                                 public testing::WithParamInterface<Failure> {};

TEST_P(HostDeviceAddFailureTest, LeavesNothing) {
  json network = warm_network();
  network.merge_patch(json::parse(GetParam().patch));
  shell(GetParam().preparation);
  ASSERT_TRUE(await_local_routes());
  make_plugin("fake-ipam", fake_ipam_of(GetParam()));
  const auto before = everything();

  const Answer answer = run("ADD", network);

  EXPECT_TRUE(is_error(answer, GetParam().code, GetParam().part));
  EXPECT_TRUE(is_same(before, everything()));
}

/// Those that have to do with no veth pair and no masquerade.
std::vector<Failure> failures_of_ipam() {
  auto failures = common_failures();
  std::erase_if(failures, [](const Failure& failure) {
    return failure.name == std::string{"MtuTooSmall"} ||
           failure.name == std::string{"MasqueradeRefused"};
  });
  return failures;
}

INSTANTIATE_TEST_SUITE_P(
    Common,
    HostDeviceAddFailureTest,
    testing::ValuesIn(failures_of_ipam()),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Own,
    HostDeviceAddFailureTest,
    testing::Values(
        Failure{"MtuTooSmall", R"({"mtu":60})", "", "", 100, "move 'nic0' into the container"},
        Failure{"Loopback", R"({"device":"lo"})", "", "", 7, "device: 'lo' is the loopback"},
        Failure{
            "Port",
            "{}",
            "ip link add br0 type bridge; ip link set nic0 master br0",
            "",
            7,
            "device: 'nic0' is a port"},
        Failure{
            "LinkThatCannotLeave",
            R"({"device":"br0"})",
            "ip link add br0 type bridge",
            "",
            7,
            "move 'br0' into the container as 'eth0': the kernel does not let"},
        Failure{
            "Addresses",
            "{}",
            "ip addr add 172.16.0.2/24 dev nic0",
            "",
            7,
            "addresses: 'nic0' has address 172.16.0.2/24"},
        Failure{
            "AddressesOfIpv6",
            "{}",
            "ip addr add fd00:16::2/64 nodad dev nic0",
            "",
            7,
            "addresses: 'nic0' has address fd00:16::2/64"},
        Failure{
            "AfterItWasMovedWithItsAddresses",
            R"({"addresses":"restore","ipam":{"routes":[{"dst":"10.50.0.0/16","gw":"224.0.0.1"}]}})",
            "ip addr add 172.16.0.2/24 dev nic0; ip route add default via 172.16.0.1",
            "",
            100,
            "add route"},
        Failure{
            "AltnameIsTaken",
            "{}",
            "ip link property add dev nic0 altname taken0;"
            "ip -n c1 link add taken0 type ifb",
            "",
            100,
            "move 'nic0' into the container"},
        Failure{"BadMac", R"({"runtimeConfig":{"mac":"x"}})", "", "", 7, "runtimeConfig.mac: "},
        Failure{
            "RecordsReadOnly",
            "{}",
            "mount -t tmpfs -o ro tmpfs /run/patchbay",
            "",
            5,
            "/run/patchbay"},
        Failure{
            "RecordsFull",
            "{}",
            "mount -t tmpfs -o nr_inodes=2 tmpfs /run/patchbay; mkdir /run/patchbay/devices",
            "",
            5,
            "create '/run/patchbay/devices/net1:c1:eth0'"}),
    testing::PrintToStringParamName());

TEST_F(HostDeviceTest, AddToATakenNameLeavesTheForeignInterface) {
  const json network = warm_network();
  shell_in("c1", "ip link add eth0 type ifb");
  const auto before = everything();

  EXPECT_TRUE(is_error(run("ADD", network), 4, "CNI_IFNAME: interface 'eth0' already exists"));
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, AddOfTheSameOwnerElsewhereLeavesTheLiveAttachment) {
  make_namespace("c2");
  plug_nic("nic1");
  json network = host_device_network();
  attach(network);
  const auto before = everything();
  const Container elsewhere{.ns = "/run/netns/c2"};

  EXPECT_TRUE(is_error(run("ADD", network, elsewhere), 11, "is in container 'c1'"));
  network["device"] = "nic1";
  EXPECT_TRUE(is_error(run("ADD", network, elsewhere), 4, "has device 'nic0' already"));

  EXPECT_TRUE(is_same(before, everything()));
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
}

TEST_F(HostDeviceTest, DeviceOfAnotherContainerIsRefusedByItsName) {
  make_namespace("c2");
  attach(host_device_network());
  const auto before = everything();

  const Answer answer = run("ADD", host_device_network(), container_called("c2"));

  EXPECT_TRUE(is_error(
      answer, 11, "device: 'nic0' is in container 'c1' (network 'net1', interface 'eth0')"));
  EXPECT_TRUE(is_same(before, everything()));
}

/// The container does what it likes with what it has.
class HostDeviceTamperTest : public HostDeviceTest {
 protected:
  void expect_return_after(const std::string& commands, const Container& container = {}) {
    const json network = warm_network();
    const auto before = dump();
    attach(network);
    shell_in("c1", commands);

    detach(network, container);

    EXPECT_TRUE(is_unchanged(before));
    EXPECT_EQ(shell_in("c1", "ip link").find("far"), std::string::npos);
  }
};

TEST_F(HostDeviceTamperTest, RenamedDeviceComesBack) {
  expect_return_after("ip link set eth0 down; ip link set eth0 name lost0");
}

TEST_F(HostDeviceTamperTest, UnmarkedDeviceComesBack) {
  expect_return_after("ip link set eth0 down; ip link set eth0 name lost0 alias ''");
}

TEST_F(HostDeviceTamperTest, FlushedDeviceComesBack) {
  expect_return_after(
      "ip addr flush dev eth0; ip link set eth0 down address 02:00:00:00:07:07 mtu 900");
}

TEST_F(HostDeviceTamperTest, DeviceComesBackFromTheNamespaceItIsIn) {
  make_namespace("c2");

  expect_return_after("true", {.ns = "/run/netns/c2"});
}

TEST_F(HostDeviceTamperTest, DeviceComesBackWhenARegularFileIsInThePlaceOfItsNamespace) {
  shell("touch /run/regular");

  expect_return_after("true", {.ns = "/run/regular"});
}

/// Under its name, with its mark, and of its kind.
TEST_F(HostDeviceTamperTest, LinkInItsPlaceStays) {
  const json network = warm_network();
  const auto before = dump();
  attach(network);
  shell_in(
      "c1",
      "ip link set eth0 down; ip link set eth0 name lost0 alias '';"
      "ip link add eth0 type veth peer own0; ip link set eth0 alias "
      "patchbay-device:nic0:net1:c1:eth0");

  detach(network);

  EXPECT_TRUE(is_unchanged(before));
  const auto left = shell_in("c1", "ip link");
  EXPECT_NE(left.find("own0"), std::string::npos);
  EXPECT_NE(left.find("eth0"), std::string::npos);
  EXPECT_EQ(left.find("lost0"), std::string::npos);
}

/// A container could make one and give it any mark.
TEST_F(HostDeviceTamperTest, VirtualLinkWithoutRecordStays) {
  const json network = warm_network();
  shell_in(
      "c1",
      "ip link add eth0 type veth peer own0;"
      "ip link set eth0 alias patchbay-device:nic7:net1:c1:eth0");
  const auto before = everything();

  detach(network);

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceTest, LinkOfAnotherContainerWithItsNumberStays) {
  make_namespace("c2");
  const auto index = shell("cat /sys/class/net/nic0/ifindex");
  shell_in(
      "c2",
      "ip link add eth0 index " + index.substr(0, index.find('\n')) +
          " type veth peer name x0 index 99");
  const json network = warm_network();
  attach(network);
  shell_in("c1", "ip link del eth0");

  detach(network, {.ns = "/run/netns/c2"});

  EXPECT_NE(shell_in("c2", "ip link").find("eth0"), std::string::npos);
  EXPECT_EQ(shell("ip link").find("nic0"), std::string::npos);
}

TEST_F(HostDeviceTest, TakenHostNameMeansAFreeOneAndAWarning) {
  attach(layer2_network());
  shell("ip link add nic0 type ifb");

  const Answer answer = run("DEL", layer2_network());

  EXPECT_TRUE(is_success(answer));
  EXPECT_NE(
      answer.errors.find("another link is called 'nic0' now, so the device is 'dev0'"),
      std::string::npos)
      << answer.errors;
  const auto links = shell("ip -d link show dev0");
  EXPECT_NE(links.find("02:00:00:00:01:00"), std::string::npos) << links;
  EXPECT_NE(links.find("alias rack 3"), std::string::npos) << links;
}

TEST_F(HostDeviceTest, DelWhenDeviceNameAndContainerNameAreTaken) {
  attach(layer2_network());
  shell("ip link add nic0 type ifb; ip link add eth0 type ifb");

  EXPECT_TRUE(is_success(run("DEL", layer2_network())));

  EXPECT_NE(shell("ip -o link show type veth").find(" dev"), std::string::npos);
}

/// A virtual device goes with its namespace, and a veth with its other end.
TEST_F(HostDeviceTest, DelOfADeviceThatIsGoneReleasesTheLease) {
  const json network = host_device_network();
  attach(network);
  shell_in("far", "ip link del far-nic0");

  detach(network);

  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(dump().find("/run/patchbay/"), std::string::npos);
}

TEST_F(HostDeviceTest, DelAfterTheNamespaceIsDestroyedReleasesTheLease) {
  const json network = host_device_network();
  const json result = attach(network);
  destroy_namespace("c1");

  detach(with_previous(network, result));

  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(dump().find("/run/patchbay/"), std::string::npos);
}

TEST_F(HostDeviceTest, DelReleasesTheLeaseOfAnUnreadableRecord) {
  const json network = host_device_network();
  attach(network);
  shell("echo rubbish > /run/patchbay/devices/net1:c1:eth0");

  const Answer answer = run("DEL", network);

  EXPECT_TRUE(is_success(answer));
  EXPECT_NE(answer.errors.find("continuing without this record"), std::string::npos);
  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(dump().find("/run/patchbay/"), std::string::npos);
}

TEST_F(HostDeviceTest, DelGivesTheDeviceBackWhenIpamFails) {
  const auto before = shell("ip -o link show nic0");
  json network = host_device_network();
  attach(network);
  make_plugin("fake-ipam", R"(echo '{"code":78,"msg":"disk gone"}'; exit 1)");
  network["ipam"]["type"] = "fake-ipam";

  EXPECT_TRUE(is_error(run("DEL", network), 78, "disk gone"));

  EXPECT_NE(shell("ip link").find("nic0"), std::string::npos);
  EXPECT_EQ(dump().find("/run/patchbay/"), std::string::npos);
}

/// What a killed ADD has left of a device is put in order by the next one, whoever asks.
TEST_F(HostDeviceTest, RecordOfADeviceThatWasNotMovedIsNoObstacle) {
  make_namespace("c2");
  attach(layer2_network());
  shell(
      "cp /run/patchbay/devices/net1:c1:eth0 /run/record; ip -n c1 link set eth0 netns " +
      std::to_string(::getpid()) + " name nic0; mv /run/record /run/patchbay/devices/net1:c1:eth0");

  attach(layer2_network(), container_called("c2"));
  detach(layer2_network());
  detach(layer2_network(), container_called("c2"));

  EXPECT_EQ(dump().find("/run/patchbay/"), std::string::npos);
  EXPECT_NE(shell("ip -d link show nic0").find("alias rack 3"), std::string::npos);
}

class HostDeviceKillTest : public HostDeviceTest {
 protected:
  static void kill_after(const std::string& command, const json& network, long microseconds) {
    RunningPlugin plugin{call(command, network), network.dump()};
    const timespec pause{0, microseconds * 1000};
    ::nanosleep(&pause, nullptr);
    ::kill(plugin.pid(), SIGKILL);
    plugin.finish();
    ASSERT_TRUE(reap_children());
  }

  static json network() {
    json network = warm_network();
    network["mtu"] = 1300;
    network["runtimeConfig"]["mac"] = "02:00:00:00:00:99";
    network["addresses"] = "restore";
    shell("ip addr add 172.16.0.2/24 dev nic0; ip route add default via 172.16.0.1");
    return network;
  }
};

TEST_F(HostDeviceKillTest, AddKilledAtAnyInstantIsUndoneByDel) {
  const json network = HostDeviceKillTest::network();
  const auto before = everything();

  for (long instant = 0; instant < 24'000; instant += 800) {
    kill_after("ADD", network, instant);
    detach(network);
    ASSERT_TRUE(is_same(before, everything())) << instant;
  }
}

TEST_F(HostDeviceKillTest, AddKilledAtAnyInstantIsUndoneByGc) {
  const json network = HostDeviceKillTest::network();
  json collection = network;
  collection["cni.dev/valid-attachments"] = json::array();
  const auto before = everything();

  for (long instant = 0; instant < 24'000; instant += 1600) {
    kill_after("ADD", network, instant);
    ASSERT_TRUE(is_success(run("GC", collection)));
    ASSERT_TRUE(is_same(before, everything())) << instant;
  }
}

TEST_F(HostDeviceKillTest, DelKilledAtAnyInstantIsCompletedByTheNext) {
  const json network = HostDeviceKillTest::network();
  const auto before = everything();

  for (long instant = 0; instant < 24'000; instant += 800) {
    attach(network);
    kill_after("DEL", network, instant);
    detach(network);
    ASSERT_TRUE(is_same(before, everything())) << instant;
  }
}

class HostDeviceConcurrencyTest : public HostDeviceTest {
 protected:
  static std::vector<Answer> run_all(
      const std::string& command, const std::vector<Container>& containers, const json& network) {
    std::vector<RunningPlugin> running;
    running.reserve(containers.size());
    for (const auto& container : containers) {
      running.emplace_back(call(command, network, container), network.dump());
    }
    std::vector<Answer> answers;
    answers.reserve(running.size());
    for (auto& plugin : running) {
      answers.push_back(plugin.finish());
    }
    return answers;
  }
};

TEST_F(HostDeviceConcurrencyTest, ExactlyOneOfManyContainersGetsTheDevice) {
  const json network = warm_network();
  const auto before = dump();
  std::vector<Container> containers;
  for (int i = 0; i < 20; ++i) {
    containers.push_back(container_called("many" + std::to_string(i)));
    make_namespace(containers.back().id);
  }

  std::size_t winners = 0;
  for (const auto& answer : run_all("ADD", containers, network)) {
    winners += answer.ok() ? 1U : 0U;
    EXPECT_TRUE(answer.ok() || is_error(answer, 11, "device: 'nic0' is in container 'many"));
  }

  EXPECT_EQ(winners, 1U);
  EXPECT_EQ(count_leases(), 1U);
  for (const auto& answer : run_all("DEL", containers, network)) {
    EXPECT_TRUE(is_success(answer));
  }
  for (const auto& container : containers) {
    destroy_namespace(container.id);
  }
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(HostDeviceConcurrencyTest, ManyDevicesGoAndComeAtOnce) {
  const json network = warm_network();
  std::vector<Container> containers;
  std::vector<json> networks;
  for (int i = 1; i < 10; ++i) {
    plug_nic("nic" + std::to_string(i));
    containers.push_back(container_called("many" + std::to_string(i)));
    make_namespace(containers.back().id);
    networks.push_back(network);
    networks.back()["device"] = "nic" + std::to_string(i);
  }
  const auto before = dump();
  for (const auto* command : {"ADD", "DEL"}) {
    std::vector<RunningPlugin> running;
    for (std::size_t i = 0; i < networks.size(); ++i) {
      running.emplace_back(call(command, networks[i], containers[i]), networks[i].dump());
    }
    for (auto& plugin : running) {
      EXPECT_TRUE(is_success(plugin.finish()));
    }
  }
  EXPECT_TRUE(is_unchanged(before));
}

}  // namespace
}  // namespace patchbay::test
