#include "netlink/veth.h"

#include <cerrno>

#include "kernel/netlink.h"
#include "support/thrown.h"

namespace patchbay::test {
namespace {

class VethTest : public NetlinkTest {
 protected:
  nl::VethSpec spec() {
    return {.ifname = IfName::parse("eth0"), .owner = owner_, .container = container_ns()};
  }
  nl::Link make_bridge() {
    shell("ip link add br0 type bridge; ip link set br0 up");
    return link("br0");
  }
  nl::Link far() { return nl::get_link(container(), IfName::parse("eth0")); }

  Owner owner_{"net1", "c1", "eth0"};
};

TEST_F(VethTest, AddGivesBothEndsTheirPlaces) {
  const auto bridge = make_bridge();
  auto wanted = spec();
  wanted.master = bridge.index;
  wanted.mtu = Mtu{1400};
  wanted.mac = MacAddr::parse("02:00:00:00:00:07");
  wanted.group = 7;

  const auto near = nl::add_veth(host(), wanted);

  EXPECT_EQ(near.kind, "veth");
  EXPECT_FALSE(near.up);
  EXPECT_EQ(near.master, bridge.index);
  EXPECT_EQ(near.mtu, Mtu{1400});
  EXPECT_EQ(near.group, 7U);
  EXPECT_EQ(near.alias, "patchbay:net1:c1:eth0");
  EXPECT_EQ(near.mac.octets[0], 0xfe);
  EXPECT_EQ(near.peer, far().index);
  EXPECT_EQ(far().peer, near.index);
  EXPECT_EQ(far().mtu, Mtu{1400});
  EXPECT_EQ(far().mac.str(), "02:00:00:00:00:07");
  EXPECT_FALSE(far().up);
  EXPECT_EQ(far().group, 0U);
}

TEST_F(VethTest, HostsEndTellsWhichNamespaceTheOtherEndIsIn) {
  make_namespace("other");
  const auto near = nl::add_veth(host(), spec());

  ASSERT_TRUE(near.peer_nsid);
  EXPECT_EQ(near.peer_nsid, nl::find_nsid(host(), container_ns()));
  EXPECT_EQ(nl::find_nsid(host(), open_namespace("other")), std::nullopt);
  EXPECT_EQ(link("lo").peer_nsid, std::nullopt);
}

TEST_F(VethTest, NameIsDerivedFromTheOwner) {
  const auto first = nl::add_veth(host(), spec());
  nl::delete_link(host(), first.index);

  const auto second = nl::add_veth(host(), spec());

  EXPECT_EQ(first.name, second.name);
  EXPECT_EQ(first.name.str().size(), 12U);
  EXPECT_EQ(first.name.str().substr(0, 4), "veth");
}

TEST_F(VethTest, OtherInterfacesOfTheContainerGetOtherNames) {
  const auto first = nl::add_veth(host(), spec());
  auto wanted = spec();
  wanted.ifname = IfName::parse("eth1");
  wanted.owner.ifname = "eth1";

  EXPECT_NE(nl::add_veth(host(), wanted).name, first.name);
}

TEST_F(VethTest, ForeignLinkWithTheNameIsLeftAlone) {
  const auto usual = nl::add_veth(host(), spec());
  nl::delete_link(host(), usual.index);
  make_foreign_link(usual.name.str());

  const auto near = nl::add_veth(host(), spec());

  EXPECT_NE(near.name, usual.name);
  EXPECT_EQ(link(usual.name.str()).kind, "ifb");
  EXPECT_EQ(link(usual.name.str()).alias, "");
  EXPECT_EQ(nl::find_veth(host(), owner_)->index, near.index);
}

TEST_F(VethTest, AddWithEveryNameTakenIsRefused) {
  std::vector<nl::Link> taken;
  for (int i = 0; i < 8; ++i) {
    const auto near = nl::add_veth(host(), spec());
    nl::delete_link(host(), near.index);
    taken.push_back(make_foreign_link(near.name.str()));
  }

  EXPECT_TRUE(is_refused([&] { nl::add_veth(host(), spec()); }, EEXIST, "find a free name"));

  for (const auto& foreign : taken) {
    EXPECT_EQ(link(foreign.name.str()).alias, "");
  }
}

TEST_F(VethTest, AddTwiceIsRefused) {
  const auto near = nl::add_veth(host(), spec());

  try {
    nl::add_veth(host(), spec());
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_environment);
    EXPECT_NE(std::string{e.what()}.find("CNI_IFNAME"), std::string::npos);
  }
  EXPECT_EQ(nl::find_veth(host(), owner_)->index, near.index);
}

TEST_F(VethTest, InterfaceThatTheContainerHasIsRefused) {
  shell_in("c1", "ip link add eth0 type ifb");

  try {
    nl::add_veth(host(), spec());
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_environment);
    EXPECT_STREQ(e.what(), "CNI_IFNAME: interface 'eth0' already exists in the container");
  }
  EXPECT_EQ(far().kind, "ifb");
  EXPECT_EQ(nl::list_links(host()).size(), 1U);
}

TEST_F(VethTest, RefusedAddLeavesNothing) {
  auto wanted = spec();
  wanted.mtu = Mtu{60};

  EXPECT_TRUE(
      is_refused([&] { nl::add_veth(host(), wanted); }, EINVAL, "create the veth pair 'veth"));

  EXPECT_EQ(nl::list_links(host()).size(), 1U);
  EXPECT_EQ(nl::list_links(container()).size(), 1U);
}

TEST_F(VethTest, RefusedMasterLeavesNothing) {
  auto wanted = spec();
  wanted.master = IfIndex{999'999};

  EXPECT_TRUE(
      is_refused([&] { nl::add_veth(host(), wanted); }, EINVAL, "create the veth pair 'veth"));

  EXPECT_EQ(nl::list_links(host()).size(), 1U);
}

TEST_F(VethTest, NewNameIsAnotherEachTimeAndTheUsualOneFindsIt) {
  const auto usual = nl::add_veth(host(), spec());
  nl::delete_link(host(), usual.index);
  auto wanted = spec();
  wanted.new_name = true;

  const auto first = nl::add_veth(host(), wanted);
  EXPECT_EQ(nl::find_veth(host(), owner_)->name, first.name);
  EXPECT_EQ(nl::find_link(host(), usual.name)->index, first.index);
  nl::delete_link(host(), first.index);
  const auto second = nl::add_veth(host(), wanted);

  EXPECT_NE(first.name, usual.name);
  EXPECT_NE(second.name, usual.name);
  EXPECT_NE(first.name, second.name);
}

TEST_F(VethTest, NewNameBesideAForeignLinkWithTheUsualOneIsFound) {
  const auto usual = nl::add_veth(host(), spec());
  nl::delete_link(host(), usual.index);
  const auto foreign = make_foreign_link(usual.name.str());
  auto wanted = spec();
  wanted.new_name = true;

  const auto near = nl::add_veth(host(), wanted);

  EXPECT_EQ(nl::find_veth(host(), owner_)->index, near.index);
  EXPECT_EQ(nl::find_link(host(), usual.name)->index, foreign.index);
  EXPECT_EQ(link(usual.name.str()).alias, "");
}

TEST_F(VethTest, AddTwiceByNewNamesIsRefused) {
  auto wanted = spec();
  wanted.new_name = true;
  const auto near = nl::add_veth(host(), wanted);

  const auto error = thrown_by([&] { nl::add_veth(host(), wanted); });

  EXPECT_EQ(error.code(), ErrorCode::invalid_environment);
  EXPECT_NE(std::string{error.what()}.find("is attached to network"), std::string::npos);
  EXPECT_EQ(nl::list_links(host()).size(), 2U);
  EXPECT_EQ(nl::find_veth(host(), owner_)->index, near.index);
}

TEST_F(VethTest, RefusedAddByANewNameLeavesNothing) {
  shell_in("c1", "ip link add eth0 type ifb");
  auto wanted = spec();
  wanted.new_name = true;

  const auto error = thrown_by([&] { nl::add_veth(host(), wanted); });

  EXPECT_STREQ(error.what(), "CNI_IFNAME: interface 'eth0' already exists in the container");
  EXPECT_EQ(nl::list_links(host()).size(), 1U);
}

TEST_F(VethTest, FindOfMissingPairIsNothing) {
  EXPECT_FALSE(nl::find_veth(host(), owner_));
}

TEST_F(VethTest, FindIgnoresAPairWithoutItsMark) {
  const auto near = nl::add_veth(host(), spec());
  shell("ip link set " + near.name.str() + " alias 'patchbay:net1:c1:eth1'");

  EXPECT_FALSE(nl::find_veth(host(), owner_));
}

TEST_F(VethTest, LongestOwnersFitIntoTheAlias) {
  owner_ = {std::string(300, 'n'), std::string(300, 'c'), "fifteen-letters"};

  const auto near = nl::add_veth(host(), spec());

  EXPECT_EQ(near.alias, nl::alias_of(owner_));
  EXPECT_EQ(nl::find_veth(host(), owner_)->index, near.index);
}

TEST_F(VethTest, DeleteTakesTheOtherEndAlong) {
  const auto near = nl::add_veth(host(), spec());

  nl::delete_link(host(), near.index);

  EXPECT_FALSE(nl::find_link(container(), IfName::parse("eth0")));
}

TEST_F(VethTest, HostPairIsMadeOnce) {
  const auto bridge = make_bridge();
  const nl::HostPairSpec pair{
      .name = IfName::parse("br0.7"), .port = IfName::parse("port7"), .bridge = bridge.index};

  EXPECT_TRUE(nl::add_host_pair(host(), pair));
  EXPECT_FALSE(nl::add_host_pair(host(), pair));

  EXPECT_TRUE(link("br0.7").up);
  EXPECT_TRUE(link("port7").up);
  EXPECT_EQ(link("port7").master, bridge.index);
}

}  // namespace
}  // namespace patchbay::test
