#include "netlink/bridge.h"

#include <cerrno>

#include "kernel/netlink.h"
#include "netlink/veth.h"
#include "support/require_kernel.h"

namespace patchbay::test {
namespace {

class BridgeTest : public NetlinkTest {
 protected:
  nl::FoundBridge ensure(const std::string& name = "br0") {
    return nl::ensure_bridge(host(), {.name = IfName::parse(name)});
  }
};

TEST_F(BridgeTest, EnsureMakesABridgeThatIsUp) {
  const auto found = nl::ensure_bridge(host(), {.name = IfName::parse("br0"), .mtu = Mtu{1400}});

  EXPECT_TRUE(found.created);
  EXPECT_EQ(found.link.kind, "bridge");
  EXPECT_TRUE(found.link.up);
  EXPECT_EQ(found.link.mtu, Mtu{1400});
}

TEST_F(BridgeTest, EnsureFindsTheBridgeThatIsThere) {
  const auto first = ensure();

  const auto second = ensure();

  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.link.index, first.link.index);
  EXPECT_EQ(second.link.mac, first.link.mac);
}

TEST_F(BridgeTest, MacAddressIsUnicastAndKeptWhateverPortsJoin) {
  const auto mac = ensure().link.mac;

  shell("ip link add low0 address 00:00:00:00:00:01 type ifb; ip link set low0 master br0");

  EXPECT_EQ(mac.octets[0] & 0x03, 0x02);
  EXPECT_EQ(link("br0").mac, mac);
}

TEST_F(BridgeTest, EnsureRefusesAnotherKindOfLink) {
  make_foreign_link("br0");

  try {
    ensure();
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_config);
    EXPECT_NE(std::string{e.what()}.find("'br0'"), std::string::npos);
  }
}

TEST_F(BridgeTest, EnsureRefusesAnImpossibleMtu) {
  EXPECT_TRUE(is_refused(
      [&] { nl::ensure_bridge(host(), {.name = IfName::parse("br0"), .mtu = Mtu{60}}); },
      EINVAL,
      "create bridge 'br0': "));
}

TEST_F(BridgeTest, PortIsSetAndReset) {
  ensure();
  shell("ip link add p0 type ifb; ip link set p0 master br0");

  nl::set_port(host(), link("p0"), {.hairpin = true, .isolated = true});
  EXPECT_TRUE(link("p0").port.hairpin);
  EXPECT_TRUE(link("p0").port.isolated);

  nl::set_port(host(), link("p0"), {});
  EXPECT_FALSE(link("p0").port.hairpin);
  EXPECT_FALSE(link("p0").port.isolated);
}

TEST_F(BridgeTest, SetOfALinkThatIsNoPortIsRefused) {
  const auto alone = make_foreign_link("p0");

  EXPECT_TRUE(is_refused(
      [&] { nl::set_port(host(), alone, {.hairpin = true}); },
      EOPNOTSUPP,
      "set hairpin and isolation of port 'p0': "));
}

class BridgeVlanTest : public BridgeTest {
 protected:
  void SetUp() override {
    BridgeTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    if (!has_vlan_filtering()) {
      PATCHBAY_SKIP("the bridges of this kernel do not filter VLANs");
    }
    shell(
        "ip link add br0 type bridge vlan_filtering 1; ip link set br0 up;"
        "ip link add p0 type ifb; ip link set p0 master br0");
  }

  std::vector<nl::VlanRange> vlans() { return nl::list_vlans(host(), link("p0")); }
};

TEST_F(BridgeVlanTest, NewPortHasTheDefaultVlan) {
  EXPECT_EQ(vlans(), (std::vector<nl::VlanRange>{{1, 1, true}}));
}

TEST_F(BridgeVlanTest, RangesAreAddedByOneRequest) {
  nl::add_vlans(host(), link("p0"), {{100, 100, true}, {200, 300}, {2000, 4094}});

  EXPECT_EQ(
      vlans(), (std::vector<nl::VlanRange>{{1, 1}, {100, 100, true}, {200, 300}, {2000, 4094}}));
}

TEST_F(BridgeVlanTest, AddTwiceSucceeds) {
  nl::add_vlans(host(), link("p0"), {{200, 300}});
  nl::add_vlans(host(), link("p0"), {{200, 300}});

  EXPECT_EQ(vlans(), (std::vector<nl::VlanRange>{{1, 1, true}, {200, 300}}));
}

TEST_F(BridgeVlanTest, DeleteRemovesARange) {
  nl::add_vlans(host(), link("p0"), {{200, 300}});

  nl::delete_vlans(host(), link("p0"), {{1, 1}, {250, 260}});

  EXPECT_EQ(vlans(), (std::vector<nl::VlanRange>{{200, 249}, {261, 300}}));
}

TEST_F(BridgeVlanTest, DeleteOfAMissingVlanSucceeds) {
  EXPECT_NO_THROW(nl::delete_vlans(host(), link("p0"), {{77, 77}}));
}

TEST_F(BridgeVlanTest, FilteringIsSwitched) {
  nl::set_vlan_filtering(host(), link("br0"), false);
  EXPECT_FALSE(link("br0").vlan_filtering);

  nl::set_vlan_filtering(host(), link("br0"), true);
  EXPECT_TRUE(link("br0").vlan_filtering);
}

TEST_F(BridgeVlanTest, EnsureMakesAFilteringBridge) {
  const auto found =
      nl::ensure_bridge(host(), {.name = IfName::parse("br1"), .vlan_filtering = true});

  EXPECT_TRUE(found.link.vlan_filtering);
  EXPECT_EQ(found.link.default_pvid, 1);
}

}  // namespace
}  // namespace patchbay::test
