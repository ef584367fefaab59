// Every way to say which device is meant. /sys is a fake one here; host_device_nic_test.cpp has a
// real one.

#include "e2e/host_device_test.h"
#include "support/dump.h"
#include "support/mounts.h"

namespace patchbay::test {
namespace {

class HostDeviceSelectionTest : public HostDeviceTest {
 protected:
  void SetUp() override {
    HostDeviceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    mount_tmpfs("/sys", "mode=755");
    shell("mkdir -p /sys/class/net /sys/bus/pci/devices /sys/bus/auxiliary/devices");
  }

  /// A device at `address` with `driver`, and behind it `part` ("" or "virtio0/") with link `name`.
  static void make_pci_device(
      const std::string& address,
      const std::string& driver,
      const std::string& name = "",
      const std::string& part = "") {
    const std::string directory = "/sys/devices/pci0000:00/" + address;
    shell(
        "mkdir -p " + directory + "/" + part + " /sys/bus/pci/drivers/" + driver + ";" + "ln -s " +
        directory + " /sys/bus/pci/devices/" + address + ";" + "ln -s /sys/bus/pci/drivers/" +
        driver + " " + directory + "/driver");
    if (!name.empty()) {
      shell(
          "mkdir -p " + directory + "/" + part + "net/" + name + " /sys/class/net/" + name + ";" +
          "ln -s " + directory + "/" + part + " /sys/class/net/" + name + "/device");
    }
  }
  /// The network with these keys in the place of `device`.
  static json network_with(const json& keys) {
    json network = layer2_network();
    network.erase("device");
    network.merge_patch(keys);
    return network;
  }
  static void expect_nic0(const json& keys, const std::string& pci_address) {
    const json result = attach(network_with(keys));

    EXPECT_EQ(result.at("interfaces").at(0).at("mac"), "02:00:00:00:01:00") << keys;
    EXPECT_EQ(result.at("interfaces").at(0).value("pciID", ""), pci_address) << keys;
    EXPECT_NO_THROW(check(with_previous(network_with(keys), result))) << keys;
    EXPECT_TRUE(is_success(run("STATUS", network_with(keys)))) << keys;
    detach(network_with(keys));
    EXPECT_NE(shell("ip link").find("nic0"), std::string::npos) << keys;
  }
};

TEST_F(HostDeviceSelectionTest, ByName) {
  expect_nic0({{"device", "nic0"}}, "");
}

TEST_F(HostDeviceSelectionTest, ByMacAddress) {
  expect_nic0({{"hwaddr", "02-00-00-00-01-00"}}, "");
}

TEST_F(HostDeviceSelectionTest, ByPciAddress) {
  make_pci_device("0000:03:00.0", "e1000e", "nic0");

  expect_nic0({{"pciBusID", "0000:03:00.0"}}, "0000:03:00.0");
}

TEST_F(HostDeviceSelectionTest, ByKernelPath) {
  make_pci_device("0000:03:00.0", "e1000e", "nic0");

  expect_nic0({{"kernelpath", "/sys/devices/pci0000:00/0000:03:00.0"}}, "0000:03:00.0");
}

TEST_F(HostDeviceSelectionTest, VirtioDeviceByThePciAddressOfItsPart) {
  make_pci_device("0000:03:00.0", "virtio-pci", "nic0", "virtio0/");

  expect_nic0({{"pciBusID", "0000:03:00.0"}}, "0000:03:00.0");
  expect_nic0({{"kernelpath", "/sys/devices/pci0000:00/0000:03:00.0/virtio0"}}, "0000:03:00.0");
}

TEST_F(HostDeviceSelectionTest, ByTheRuntimesPciAddressWhichReplacesPciBusId) {
  make_pci_device("0000:03:00.0", "e1000e", "nic0");

  expect_nic0(
      {{"pciBusID", "0000:99:00.0"}, {"runtimeConfig", {{"deviceID", "0000:03:00.0"}}}},
      "0000:03:00.0");
}

TEST_F(HostDeviceSelectionTest, ByTheRuntimesAuxiliaryDevice) {
  make_pci_device("0000:03:00.0", "mlx5_core", "nic0", "mlx5_core.sf.2/");
  shell(
      "ln -s /sys/devices/pci0000:00/0000:03:00.0/mlx5_core.sf.2 "
      "/sys/bus/auxiliary/devices/mlx5_core.sf.2");

  expect_nic0({{"runtimeConfig", {{"deviceID", "mlx5_core.sf.2"}}}}, "0000:03:00.0");
}

TEST_F(HostDeviceSelectionTest, SeveralThatAgree) {
  make_pci_device("0000:03:00.0", "e1000e", "nic0");

  expect_nic0(
      {{"device", "nic0"},
       {"hwaddr", "02:00:00:00:01:00"},
       {"kernelpath", "/sys/devices/pci0000:00/0000:03:00.0"},
       {"pciBusID", "0000:03:00.0"}},
      "0000:03:00.0");
}

/// A VLAN has the address of the NIC below.
TEST_F(HostDeviceSelectionTest, AmbiguousMacAddressIsRefused) {
  shell("ip link add nic2 address 02:00:00:00:01:00 type veth peer cable2");

  EXPECT_TRUE(is_error(run("ADD", network_with({{"hwaddr", "02:00:00:00:01:00"}})), 7, "'nic2'"));
}

struct Mistake {
  const char* name;
  const char* keys;
  unsigned code;
  const char* part;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class HostDeviceMistakeTest : public HostDeviceSelectionTest,
                              public testing::WithParamInterface<Mistake> {};

TEST_P(HostDeviceMistakeTest, IsRefusedAndNothingIsDone) {
  plug_nic("nic1");
  make_pci_device("0000:03:00.0", "e1000e", "nic0");
  make_pci_device("0000:04:00.0", "vfio-pci");
  shell("mkdir /sys/devices/pci0000:00/empty");
  const auto before = everything();

  const Answer answer = run("ADD", network_with(json::parse(GetParam().keys)));

  EXPECT_TRUE(is_error(answer, GetParam().code, GetParam().part));
  EXPECT_TRUE(is_same(before, everything()));
}

INSTANTIATE_TEST_SUITE_P(
    Bad,
    HostDeviceMistakeTest,
    testing::Values(
        Mistake{"None", "{}", 7, "device: missing"},
        Mistake{"Empty", R"({"device": "", "hwaddr": ""})", 7, "device: missing"},
        Mistake{"NameMissing", R"({"device": "nic9"})", 7, "device: no link 'nic9' on the host"},
        Mistake{"NameWithSlash", R"({"device": "a/b"})", 7, "device: interface name 'a/b'"},
        Mistake{"NameNumber", R"({"device": 1})", 6, "device: 1 must be a string"},
        Mistake{"MacMissing", R"({"hwaddr": "02:00:00:00:09:09"})", 7, "hwaddr: no link of"},
        Mistake{"MacBad", R"({"hwaddr": "02:00"})", 7, "hwaddr: MAC address '02:00'"},
        Mistake{"PciMissing", R"({"pciBusID": "0000:09:00.0"})", 7, "pciBusID: no link of"},
        Mistake{"PciBad", R"({"pciBusID": "03:00.0"})", 7, "pciBusID: '03:00.0' must be"},
        Mistake{"PciThatClimbs", R"({"pciBusID": "../03:00.0"})", 7, "pciBusID: '../03:00.0'"},
        Mistake{"PathElsewhere", R"({"kernelpath": "/etc"})", 7, "kernelpath: '/etc' must be"},
        Mistake{
            "PathThatClimbs",
            R"({"kernelpath": "/sys/devices/../../etc"})",
            7,
            "below /sys/devices"},
        Mistake{
            "PathWithoutLink",
            R"({"kernelpath": "/sys/devices/pci0000:00/empty"})",
            7,
            "kernelpath: no link of"},
        Mistake{
            "DeviceIdUnknown",
            R"({"runtimeConfig": {"deviceID": "mlx5_core.sf.9"}})",
            7,
            "runtimeConfig.deviceID: there is no PCI device"},
        Mistake{
            "DeviceIdThatClimbs",
            R"({"runtimeConfig": {"deviceID": "../x"}})",
            7,
            "runtimeConfig.deviceID: '../x'"},
        Mistake{
            "NameAndMacDisagree",
            R"({"device": "nic1", "hwaddr": "02:00:00:00:01:00"})",
            7,
            "device, hwaddr: they lead to different devices, 'nic1' and 'nic0'"},
        Mistake{
            "NameAndPciDisagree",
            R"({"device": "nic1", "pciBusID": "0000:03:00.0"})",
            7,
            "device, pciBusID: "},
        Mistake{
            "PathAndDeviceIdDisagree",
            R"({"kernelpath": "/sys/devices/pci0000:00/empty",
                    "runtimeConfig": {"deviceID": "0000:03:00.0"}})",
            7,
            "kernelpath: "},
        Mistake{
            "NameAndPassedThroughDisagree",
            R"({"device": "nic1", "pciBusID": "0000:04:00.0"})",
            7,
            "device, pciBusID: "},
        Mistake{
            "AddressesKept", R"({"device": "nic0", "addresses": "keep"})", 7, "addresses: 'keep'"}),
    testing::PrintToStringParamName());

class HostDevicePassThroughTest : public HostDeviceSelectionTest {
 protected:
  static json passed_through() {
    json network = network_with({{"runtimeConfig", {{"deviceID", "0000:04:00.0"}}}});
    network["ipam"] = host_local({"10.1.0.0/24"});
    return network;
  }
};

TEST_F(HostDevicePassThroughTest, DeviceIsReportedAndNotTouched) {
  make_pci_device("0000:04:00.0", "vfio-pci");
  warm_network();
  const auto before = everything();

  const json result = attach(passed_through());

  const json wanted{{{"name", "eth0"}, {"sandbox", "/run/netns/c1"}, {"pciID", "0000:04:00.0"}}};
  EXPECT_EQ(result.at("interfaces"), wanted);
  EXPECT_EQ(result.at("ips").at(0).at("interface"), 0);
  EXPECT_EQ(count_leases(), 1U);
  EXPECT_NO_THROW(check(with_previous(passed_through(), result)));
  EXPECT_TRUE(is_success(run("STATUS", passed_through())));
  detach(with_previous(passed_through(), result));
  EXPECT_TRUE(is_same(before, everything()));
}

TEST_F(HostDevicePassThroughTest, EveryDriverOfTheKind) {
  make_pci_device("0000:04:00.0", "uio_pci_generic");
  make_pci_device("0000:05:00.0", "igb_uio");

  for (const auto* address : {"0000:04:00.0", "0000:05:00.0"}) {
    EXPECT_NO_THROW(attach(network_with({{"pciBusID", address}}))) << address;
  }
}

TEST_F(HostDevicePassThroughTest, CheckNoticesAnotherDriver) {
  make_pci_device("0000:04:00.0", "vfio-pci");
  const json result = attach(passed_through());

  shell(
      "rm /sys/devices/pci0000:00/0000:04:00.0/driver;"
      "ln -s /sys/bus/pci/drivers/e1000e /sys/devices/pci0000:00/0000:04:00.0/driver");

  EXPECT_TRUE(is_error(run("CHECK", with_previous(passed_through(), result)), 103, "no record"));
}

TEST_F(HostDevicePassThroughTest, DelSucceedsWhenTheDeviceIsUnplugged) {
  make_pci_device("0000:04:00.0", "vfio-pci");
  attach(passed_through());

  shell("rm -r /sys/devices/pci0000:00 /sys/bus/pci/devices/0000:04:00.0");

  EXPECT_NO_THROW(detach(passed_through()));
  EXPECT_EQ(count_leases(), 0U);
}

}  // namespace
}  // namespace patchbay::test
