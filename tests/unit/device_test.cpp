#include <gtest/gtest.h>

#include "base/error.h"
#include "device/hardware.h"
#include "device/record.h"

namespace patchbay::test {
namespace {

device::Record full_record() {
  device::Record record{.label = "net1:c1:eth0", .was = {.name = IfName::parse("nic0")}};
  record.was.index = IfIndex{7};
  record.was.kind = "veth";
  record.was.mac = MacAddr::parse("02:00:00:00:00:01");
  record.was.mtu = Mtu{1400};
  record.was.up = true;
  record.was.alias = "rack \"3\"\n\xff";
  record.was.parent = "pci/0000:03:00.0";
  record.was.permanent_mac = MacAddr::parse("02:00:00:00:00:02");
  record.baggage.addresses.push_back(
      {.address = IpPrefix::parse("10.1.0.5/24"),
       .prefix_route = false,
       .broadcast = false,
       .scope = 253,
       .label = "nic0:x",
       .peer = IpAddr::parse("10.2.0.1"),
       .metric = 7,
       .valid_s = 1000,
       .preferred_s = 500});
  record.baggage.routes.push_back(
      {.dst = IpPrefix::parse("fd00::/64"),
       .gw = IpAddr::parse("fe80::1"),
       .src = IpAddr::parse("fd00::2"),
       .priority = 5,
       .table = 1000,
       .scope = 0,
       .mtu = 1300,
       .advmss = 1200,
       .protocol = 4,
       .onlink = true});
  record.hardware = "/sys/devices/pci0000:00/0000:03:00.0";
  record.netns = "/run/netns/c1";
  record.netns_inode = 4026532248;
  record.away = IfIndex{9};
  return record;
}

TEST(RecordTest, ComesBackAsItWasWritten) {
  auto record = full_record();
  record.was.alias = "rack \"3\"";

  const auto text = device::print(record);

  const auto read = device::parse_record(record.label, text);
  EXPECT_EQ(device::print(read), text);
  EXPECT_EQ(read.label, record.label);
  EXPECT_EQ(read.was.alias, record.was.alias);
  EXPECT_EQ(read.was.permanent_mac, record.was.permanent_mac);
  EXPECT_EQ(read.netns_inode, record.netns_inode);
  EXPECT_EQ(read.away, record.away);
  ASSERT_EQ(read.baggage.addresses.size(), 1U);
  EXPECT_EQ(read.baggage.addresses[0].peer, record.baggage.addresses[0].peer);
  EXPECT_EQ(read.baggage.addresses[0].valid_s, 1000U);
  ASSERT_EQ(read.baggage.routes.size(), 1U);
  EXPECT_EQ(read.baggage.routes[0].gw, record.baggage.routes[0].gw);
}

/// The kernel takes any bytes for an alias; JSON does not.
TEST(RecordTest, AliasThatIsNoTextIsNoObstacle) {
  EXPECT_NO_THROW(device::parse_record("a:b:c", device::print(full_record())));
}

TEST(RecordTest, OneThatIsCutAnywhereIsRefused) {
  const auto text = device::print(full_record());

  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_THROW(device::parse_record("a:b:c", text.substr(0, length)), Error) << length;
  }
}

TEST(RecordTest, ImpossibleValuesAreRefused) {
  for (const auto* text :
       {"{}",
        R"({"name": "a/b"})",
        R"({"name": "nic0", "index": -1})",
        R"({"name": "nic0", "mtu": "big"})",
        R"({"name": "nic0", "addresses": [{"address": "10.1.0.300/24"}]})",
        R"({"name": "nic0", "routes": [{"dst": "10.1.0.0"}]})"}) {
    EXPECT_THROW(device::parse_record("a:b:c", text), Error) << text;
  }
}

TEST(RecordTest, MarkTellsTheNameToItsOwnerOnly) {
  const auto record = full_record();

  EXPECT_EQ(record.mark(), "patchbay-device:nic0:net1:c1:eth0");
  EXPECT_EQ(device::name_in_mark(record.mark(), "net1:c1:eth0"), "nic0");
  EXPECT_EQ(device::name_in_mark(record.mark(), "net1:c2:eth0"), "");
  EXPECT_EQ(device::name_in_mark("rack 3", "net1:c1:eth0"), "");
  EXPECT_EQ(device::name_in_mark("", "net1:c1:eth0"), "");
}

TEST(HardwareTest, PciAddressesAreRecognised) {
  for (const auto* good : {"0000:03:00.0", "10000:e1:1f.7", "ffff:ff:ff.f"}) {
    EXPECT_TRUE(device::is_pci_address(good)) << good;
  }
  for (const auto* bad :
       {"",
        "03:00.0",
        "0000:03:00",
        "0000:03:00.g",
        "0000-03-00.0",
        "../03:00.0",
        "0000:03:00.0 "}) {
    EXPECT_FALSE(device::is_pci_address(bad)) << bad;
  }
}

TEST(HardwareTest, InnermostPciAddressCounts) {
  EXPECT_EQ(
      device::pci_address_in("/sys/devices/pci0000:00/0000:00:01.0/0000:03:00.0/virtio0"),
      "0000:03:00.0");
  EXPECT_EQ(device::pci_address_in("/sys/devices/virtual/net"), "");
  EXPECT_EQ(device::pci_address_in(""), "");
}

}  // namespace
}  // namespace patchbay::test
