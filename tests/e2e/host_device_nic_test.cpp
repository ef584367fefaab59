// host-device with real NICs: those of the virtual machine (scripts/vm), one of each driver, with a
// cable between them. The kernel returns hardware to its first network namespace, so the host of
// these tests is the virtual machine itself.

#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <sstream>

#include <sys/mount.h>

#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

struct Nic {
  const char* driver;
  const char* mac;
  const char* pci_address;
};

constexpr Nic kIntel{"e1000e", "52:54:00:00:00:10", "0000:00:10.0"};
constexpr Nic kVirtio{"virtio", "52:54:00:00:00:11", "0000:00:11.0"};

void PrintTo(const Nic& nic, std::ostream* out) {
  *out << nic.driver;
}

bool is_in_the_virtual_machine() {
  std::ostringstream text;
  text << std::ifstream{"/proc/cmdline"}.rdbuf();
  return text.str().find("/tests/vm/guest") != std::string::npos;
}

class HostDeviceNicTest : public PluginTest, public testing::WithParamInterface<Nic> {
 protected:
  void SetUp() override {
    if (!is_in_the_virtual_machine()) {
      GTEST_SKIP() << "needs the NICs of scripts/vm";
    }
    PluginTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    const UniqueFd first{::open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC)};
    ASSERT_EQ(::setns(first.get(), CLONE_NEWNET), 0);
    ASSERT_EQ(::mount("sysfs", "/sys", "sysfs", 0, nullptr), 0);
    plug_both();
  }

  static Nic other() { return GetParam().mac == std::string{kIntel.mac} ? kVirtio : kIntel; }
  static std::string sys() { return std::string{"/sys/bus/pci/devices/"} + GetParam().pci_address; }
  static std::string name_of(const Nic& nic) {
    for (const auto& link : json::parse(shell("ip -j link"))) {
      if (link.at("address") == nic.mac) {
        return link.at("ifname");
      }
    }
    return {};
  }
  static bool has_link(const std::string& name) {
    return shell("ip -o link").find(" " + name + ": ") != std::string::npos;
  }

  /// Both are unplugged and plugged again, which makes them new; nic0 is the one under test, and
  /// the other one is at the far end of its cable.
  void plug_both() {
    shell(
        "modprobe -a e1000e virtio_net;"
        "for nic in 10 11; do echo 1 > /sys/bus/pci/devices/0000:00:$nic.0/remove; done;"
        "echo 1 > /sys/bus/pci/rescan");
    ASSERT_TRUE(await([] { return !name_of(kIntel).empty() && !name_of(kVirtio).empty(); }));
    make_namespace("far");
    shell(
        "ip link set " + name_of(GetParam()) +
        " name nic0; ip link set nic0 mtu 1400 up alias 'rack 3';" + "ip link set " +
        name_of(other()) + " netns far name far0;" +
        "ip -n far addr add 10.1.0.1/24 dev far0; ip -n far link set far0 up");
  }

  static json network(const json& keys = {{"device", "nic0"}}) {
    json network = host_device_network();
    network.erase("device");
    network.merge_patch(keys);
    return network;
  }
  /// One that changes what can be changed.
  static json changing_network() {
    return network(
        {{"device", "nic0"}, {"mtu", 1300}, {"runtimeConfig", {{"mac", "02:00:00:00:00:99"}}}});
  }
  /// The NICs take a moment to find their cable.
  static bool reaches_far() {
    return try_shell_in("c1", "ping -n -q -c1 -w20 10.1.0.1").status == 0;
  }
  static void expect_nothing_is_held() {
    EXPECT_EQ(count_leases(), 0U);
    EXPECT_EQ(shell("find /run -path '/run/patchbay/devices/*'"), "");
  }
};

TEST_P(HostDeviceNicTest, GoesInAndComesBackAsItWas) {
  const auto before = dump_network();

  const json result = attach(changing_network());

  EXPECT_EQ(result.at("interfaces").at(0).at("pciID"), GetParam().pci_address);
  EXPECT_EQ(result.at("interfaces").at(0).at("mtu"), 1300);
  EXPECT_TRUE(reaches_far());
  EXPECT_NO_THROW(check(with_previous(changing_network(), result)));
  detach(changing_network());
  EXPECT_TRUE(is_same(before, dump_network()));
  expect_nothing_is_held();
}

TEST_P(HostDeviceNicTest, EverySelectorLeadsToIt) {
  const std::string path = shell("readlink -fn " + sys());
  make_namespace("c2");
  for (const json& keys : std::vector<json>{
           {{"hwaddr", GetParam().mac}},
           {{"pciBusID", GetParam().pci_address}},
           {{"kernelpath", path}},
           {{"runtimeConfig", {{"deviceID", GetParam().pci_address}}}}}) {
    const json result = attach(network(keys));

    EXPECT_EQ(result.at("interfaces").at(0).at("mac"), GetParam().mac) << keys;
    EXPECT_EQ(result.at("interfaces").at(0).at("pciID"), GetParam().pci_address) << keys;
    EXPECT_TRUE(is_success(run("STATUS", network(keys)))) << keys;
    EXPECT_TRUE(is_error(run("ADD", network(keys), container_called("c2")), 11, "container 'c1'"))
        << keys;
    detach(network(keys));
  }
}

/// DEL may well come before the kernel has returned it.
TEST_P(HostDeviceNicTest, ComesBackAfterItsNamespaceHasEnded) {
  const auto before = dump_network();
  attach(changing_network());

  destroy_namespace("c1");
  detach(changing_network());

  make_namespace("c1");
  EXPECT_TRUE(is_same(before, dump_network()));
  expect_nothing_is_held();
}

INSTANTIATE_TEST_SUITE_P(
    Drivers,
    HostDeviceNicTest,
    testing::Values(kIntel, kVirtio),
    testing::PrintToStringParamName());

class HostDeviceNicTroubleTest : public HostDeviceNicTest {};

TEST_P(HostDeviceNicTroubleTest, ComesBackWhenItsNameAndThatOfTheContainerAreTaken) {
  attach(network());
  shell("ip link add nic0 type ifb; ip link add eth0 type ifb");

  destroy_namespace("c1");
  const Answer answer = run("DEL", network());

  EXPECT_TRUE(is_success(answer));
  EXPECT_NE(answer.errors.find("another link is called 'nic0' now"), std::string::npos);
  EXPECT_EQ(name_of(GetParam()).substr(0, 3), "dev");
  expect_nothing_is_held();
  shell("ip link del nic0; ip link del eth0");
}

TEST_P(HostDeviceNicTroubleTest, NextContainerGetsItAsItWasAfterANamespaceHasEnded) {
  const auto before = dump_network();
  make_namespace("c2");
  attach(changing_network());
  destroy_namespace("c1");
  ASSERT_TRUE(await([] { return has_link("eth0"); }));

  const json result = attach(network(), container_called("c2"));

  EXPECT_EQ(result.at("interfaces").at(0).at("mac"), GetParam().mac);
  EXPECT_EQ(result.at("interfaces").at(0).at("mtu"), 1400);
  detach(network(), container_called("c2"));
  detach(changing_network());
  destroy_namespace("c2");
  make_namespace("c1");
  EXPECT_TRUE(is_same(before, dump_network()));
  expect_nothing_is_held();
}

TEST_P(HostDeviceNicTroubleTest, ComesBackWithoutItsRecord) {
  attach(changing_network());
  shell("rm /run/patchbay/devices/*");

  detach(changing_network());

  EXPECT_EQ(name_of(GetParam()), "nic0");
  EXPECT_EQ(shell("ip -d link show nic0").find("patchbay"), std::string::npos);
  expect_nothing_is_held();
}

TEST_P(HostDeviceNicTroubleTest, ComesBackWhateverTheContainerHasDone) {
  const auto before = dump_network();
  attach(network());
  shell_in(
      "c1",
      "ip link set eth0 down; ip link set eth0 name lost0 alias '';"
      "ip link add eth0 type ifb; ip link set eth0 alias patchbay-device:nic0:net1:c1:eth0");

  detach(network());

  EXPECT_TRUE(is_same(before, dump_network()));
  expect_nothing_is_held();
  EXPECT_NE(shell_in("c1", "ip link").find("eth0"), std::string::npos);
}

TEST_P(HostDeviceNicTroubleTest, DelOfAnUnpluggedOneSucceeds) {
  attach(network());
  shell("echo 1 > " + sys() + "/remove");

  EXPECT_TRUE(is_error(run("STATUS", network()), 50, "'nic0' is not there"));
  EXPECT_TRUE(is_success(run("DEL", network())));

  expect_nothing_is_held();
  shell("echo 1 > /sys/bus/pci/rescan");
}

TEST_P(HostDeviceNicTroubleTest, DelIsRepeatedUntilAnUnknownNamespaceGivesItBack) {
  const auto before = dump_network();
  attach(network());
  make_namespace("hidden");
  shell("ip -n c1 link set eth0 netns hidden");

  EXPECT_TRUE(is_error(run("DEL", network()), 11, "'nic0' has not come back"));
  EXPECT_EQ(count_leases(), 0U);
  destroy_namespace("hidden");
  detach(network());

  EXPECT_TRUE(is_same(before, dump_network()));
  expect_nothing_is_held();
}

TEST_P(HostDeviceNicTroubleTest, DelUndoesAnAddOfTheReference) {
  json config = network();
  config["cniVersion"] = "1.0.0";  // the newest that the reference knows
  const auto before = dump_network();
  Call request = call("ADD", config);
  request.plugin = "/usr/lib/cni/host-device";
  request.path = "/usr/lib/cni";
  shell("ip link set nic0 alias ''");
  ASSERT_TRUE(is_success(run_plugin(request, config.dump())));

  detach(config);

  EXPECT_EQ(name_of(GetParam()), "nic0");
  shell("ip link set nic0 up alias 'rack 3'");
  EXPECT_TRUE(is_same(before, dump_network()));
  expect_nothing_is_held();
}

INSTANTIATE_TEST_SUITE_P(
    Drivers, HostDeviceNicTroubleTest, testing::Values(kIntel), testing::PrintToStringParamName());

class HostDeviceNicPassThroughTest : public HostDeviceNicTest {
 protected:
  static void bind_to(const std::string& driver) {
    shell(
        "modprobe uio_pci_generic; cd " + sys() + "; echo '" + driver + "' > driver_override;" +
        "echo " + GetParam().pci_address + " > driver/unbind;" + "echo " + GetParam().pci_address +
        " > /sys/bus/pci/drivers_probe");
  }
};

TEST_P(HostDeviceNicPassThroughTest, IsReportedAndNotTouched) {
  const json config = network({{"pciBusID", GetParam().pci_address}});
  bind_to("uio_pci_generic");

  const json result = attach(config);

  EXPECT_EQ(result.at("interfaces").at(0).at("pciID"), GetParam().pci_address);
  EXPECT_FALSE(result.at("interfaces").at(0).contains("mac"));
  EXPECT_NO_THROW(check(with_previous(config, result)));
  EXPECT_TRUE(is_success(run("STATUS", config)));
  detach(config);
  EXPECT_EQ(count_leases(), 0U);
  bind_to("");
}

INSTANTIATE_TEST_SUITE_P(
    Drivers,
    HostDeviceNicPassThroughTest,
    testing::Values(kIntel),
    testing::PrintToStringParamName());

}  // namespace
}  // namespace patchbay::test
