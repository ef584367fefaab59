// CHECK, STATUS and GC of the host-device plugin.

#include "e2e/host_device_test.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

struct Break {
  const char* name;
  const char* command;
  const char* part;  ///< Of the message.
};

void PrintTo(const Break& one, std::ostream* out) {
  *out << one.name;
}

class HostDeviceCheckTest : public HostDeviceTest, public testing::WithParamInterface<Break> {};

TEST_P(HostDeviceCheckTest, NamesTheBrokenPromise) {
  json network = host_device_network();
  network["mtu"] = 1300;
  network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});
  network["ipam"]["routes"].push_back({{"dst", "10.8.0.0/16"}, {"table", 1000}});
  const json request = with_previous(network, attach(network));
  ASSERT_TRUE(is_success(run("CHECK", request)));

  shell(GetParam().command);

  EXPECT_TRUE(is_error(run("CHECK", request), 103, GetParam().part));
}

INSTANTIATE_TEST_SUITE_P(
    Own,
    HostDeviceCheckTest,
    testing::Values(
        Break{"DeviceGone", "ip -n c1 link del eth0", "'eth0' is missing"},
        Break{"DeviceRenamed", "ip -n c1 link set eth0 down name lost0", "'eth0' is missing"},
        Break{"DeviceDown", "ip -n c1 link set eth0 down", "'eth0' in the container is not up"},
        Break{
            "AnotherLinkInItsPlace",
            "ip -n c1 link set eth0 down name lost0;"
            "ip -n c1 link add eth0 address 02:00:00:00:01:00 mtu 1300 type veth peer own0;"
            "ip -n c1 link set eth0 up",
            "is not device 'nic0' of the host"},
        Break{"Mac", "ip -n c1 link set eth0 address 02:00:00:00:00:99", "02:00:00:00:00:99"},
        Break{"Mtu", "ip -n c1 link set eth0 mtu 1350", "MTU 1350"},
        Break{"AddressGone", "ip -n c1 addr del 10.1.0.2/24 dev eth0", "10.1.0.2/24"},
        Break{"Address6Gone", "ip -n c1 addr del fd00:1::2/64 dev eth0", "fd00:1::2/64"},
        Break{"DefaultRouteGone", "ip -n c1 route del default", "0.0.0.0/0"},
        Break{"RouteInTableGone", "ip -n c1 route flush table 1000", "10.8.0.0/16"},
        Break{"RecordGone", "rm /run/patchbay/devices/*", "there is no record"},
        Break{"LeaseGone", "rm /var/lib/cni/networks/net1/10.1.0.2", "10.1.0.2"}),
    testing::PrintToStringParamName());

class HostDeviceStatusTest : public HostDeviceTest {};

TEST_F(HostDeviceStatusTest, OfADeviceOnTheHostSucceedsAndChangesNothing) {
  const auto before = everything();

  const Answer answer = run("STATUS", host_device_network());

  EXPECT_TRUE(is_success(answer));
  EXPECT_EQ(answer.output, "");
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceStatusTest, OfADeviceInAContainerSucceeds) {
  attach(host_device_network());

  EXPECT_TRUE(is_success(run("STATUS", host_device_network())));
}

TEST_F(HostDeviceStatusTest, OfADeviceThatIsNotThereIs50) {
  shell("ip link del nic0");

  EXPECT_TRUE(is_error(run("STATUS", host_device_network()), 50, "device 'nic0' is not there"));
}

/// The runtime names the device when a container comes.
TEST_F(HostDeviceStatusTest, WithoutADeviceSucceeds) {
  json network = host_device_network();
  network.erase("device");

  EXPECT_TRUE(is_success(run("STATUS", network)));
}

TEST_F(HostDeviceStatusTest, OfAnExhaustedRangeIs50) {
  json network = host_device_network();
  network["ipam"]["ranges"] = {{{{"subnet", "10.1.0.0/30"}}}};
  attach(network);

  EXPECT_TRUE(is_error(run("STATUS", network), 50, "10.1.0.2"));
}

class HostDeviceGcTest : public HostDeviceTest {
 protected:
  void SetUp() override {
    HostDeviceTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      plug_nic("nic1");
      make_namespace("c2");
    }
  }

  static json second_network() {
    json network = host_device_network();
    network["device"] = "nic1";
    return network;
  }
  static json sparing(const json& attachments) {
    json network = host_device_network();
    network["cni.dev/valid-attachments"] = attachments;
    return network;
  }
};

TEST_F(HostDeviceGcTest, WithoutAListDoesNothing) {
  attach(host_device_network());
  const auto before = everything();

  EXPECT_TRUE(is_success(run("GC", host_device_network())));

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceGcTest, WithAnEmptyListGivesEveryDeviceBack) {
  warm_network();
  const auto before = everything();
  attach(host_device_network());
  attach(second_network(), container_called("c2"));

  EXPECT_TRUE(is_success(run("GC", sparing(json::array()))));

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceGcTest, KeepsTheValidAndOtherNetworks) {
  json other = second_network();
  other["name"] = "net1-b";
  plug_nic("nic2");
  json third = second_network();
  third["device"] = "nic2";
  attach(host_device_network());
  attach(other, container_called("c2"));
  const auto before = everything();
  attach(third, {.ifname = "eth1"});

  EXPECT_TRUE(is_success(run("GC", sparing({{{"containerID", "c1"}, {"ifname", "eth0"}}}))));

  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDeviceGcTest, CleansUpAfterNamespacesThatAreGone) {
  attach(host_device_network());
  destroy_namespace("c1");

  EXPECT_TRUE(is_success(run("GC", sparing(json::array()))));

  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(dump().find("/run/patchbay/"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::test
