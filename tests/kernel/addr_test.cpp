#include "netlink/addr.h"

#include <cerrno>

#include <linux/if_addr.h>

#include "kernel/netlink.h"

namespace patchbay::test {
namespace {

class AddressTest : public NetlinkTest {
 protected:
  void SetUp() override {
    NetlinkTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      shell("ip link add a0 type veth peer b0; ip link set b0 up; ip link set a0 up");
      index_ = link("a0").index;
      ASSERT_TRUE(await([&] { return link("a0").oper_up; }));
    }
  }

  std::optional<nl::Address> find(const std::string& prefix) {
    for (const auto& address : nl::list_addresses(host(), index_)) {
      if (address.prefix.str() == prefix) {
        return address;
      }
    }
    return std::nullopt;
  }
  bool add(const nl::AddressSpec& spec) { return nl::add_address(host(), index_, spec, "a0"); }
  bool remove(const std::string& prefix) {
    return nl::delete_address(host(), index_, IpPrefix::parse(prefix), "a0");
  }

  IfIndex index_{};
};

TEST_F(AddressTest, AddGivesTheAddressItsBroadcastAndPrefixRoute) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.1.0.5/24")}));

  EXPECT_TRUE(find("10.1.0.5/24"));
  EXPECT_NE(shell("ip addr show a0").find("brd 10.1.0.255"), std::string::npos);
  EXPECT_NE(shell("ip route").find("10.1.0.0/24 dev a0"), std::string::npos);
}

TEST_F(AddressTest, AddWithoutPrefixRouteMakesNone) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.1.0.5/24"), .prefix_route = false}));

  EXPECT_EQ(shell("ip route"), "");
}

TEST_F(AddressTest, AddWithoutBroadcastGivesNone) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.1.0.5/24"), .broadcast = false}));

  EXPECT_EQ(shell("ip addr show a0").find("brd 10."), std::string::npos);
  EXPECT_FALSE(find("10.1.0.5/24")->broadcast);
}

TEST_F(AddressTest, PrefixesOfTwoAddressesHaveNoBroadcast) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.1.0.5/31")}));
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.2.0.5/32")}));

  EXPECT_EQ(shell("ip addr show a0").find("brd 10."), std::string::npos);
}

TEST_F(AddressTest, AddTwiceReturnsFalse) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.1.0.5/24")}));
  EXPECT_FALSE(add({.address = IpPrefix::parse("10.1.0.5/24")}));
}

TEST_F(AddressTest, SameAddressWithAnotherPrefixIsAnotherAddress) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.1.0.5/24")}));
  EXPECT_TRUE(add({.address = IpPrefix::parse("10.1.0.5/16")}));
}

TEST_F(AddressTest, Ipv6IsUsableAtOnce) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("fd00::5/64")}));

  EXPECT_FALSE(find("fd00::5/64")->tentative);
  EXPECT_NE(find("fd00::5/64")->flags & IFA_F_NODAD, 0U);
}

TEST_F(AddressTest, Ipv6WithDetectionIsTentativeAtFirst) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("fd00::5/64"), .skip_dad = false}));

  EXPECT_TRUE(find("fd00::5/64")->tentative);
}

TEST_F(AddressTest, Ipv6WithoutPrefixRouteMakesNone) {
  EXPECT_TRUE(add({.address = IpPrefix::parse("fd00::5/64"), .prefix_route = false}));

  EXPECT_EQ(shell("ip -6 route").find("fd00::/64"), std::string::npos);
}

TEST_F(AddressTest, AddToAMissingLinkIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] {
        nl::add_address(
            host(), IfIndex{999'999}, {.address = IpPrefix::parse("10.1.0.5/24")}, "gone0");
      },
      ENODEV,
      "add address 10.1.0.5/24 to 'gone0': "));
}

TEST_F(AddressTest, AddOfAnImpossibleAddressIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] { add({.address = IpPrefix::parse("ff02::1/64")}); },
      EADDRNOTAVAIL,
      "add address ff02::1/64 to 'a0': "));
}

TEST_F(AddressTest, DeleteRemovesExactlyThatAddress) {
  add({.address = IpPrefix::parse("10.1.0.5/24")});
  add({.address = IpPrefix::parse("10.2.0.5/24")});
  add({.address = IpPrefix::parse("fd00::5/64")});

  EXPECT_TRUE(remove("10.1.0.5/24"));
  EXPECT_TRUE(remove("fd00::5/64"));

  EXPECT_FALSE(find("10.1.0.5/24"));
  EXPECT_TRUE(find("10.2.0.5/24"));
  EXPECT_FALSE(find("fd00::5/64"));
}

TEST_F(AddressTest, DeleteOfAMissingAddressReturnsFalse) {
  EXPECT_FALSE(remove("10.1.0.5/24"));
  EXPECT_FALSE(remove("fd00::5/64"));
}

TEST_F(AddressTest, DeleteFromAMissingLinkReturnsFalse) {
  EXPECT_FALSE(nl::delete_address(host(), IfIndex{999'999}, IpPrefix::parse("10.1.0.5/24"), "x"));
}

TEST_F(AddressTest, ListIsOfOneLink) {
  add({.address = IpPrefix::parse("10.1.0.5/24")});

  EXPECT_EQ(nl::list_addresses(host(), IfIndex{1}).size(), 2U);  // 127.0.0.1 and ::1
}

TEST_F(AddressTest, ListOfHundredsIsComplete) {
  for (unsigned i = 0; i < 500; ++i) {
    const IpAddr address{false, (10U << 24U) + (i << 8U) + 1U};
    add({.address = {address, 24}});
  }

  const auto all = nl::list_addresses(host(), index_);

  EXPECT_EQ(
      std::count_if(all.begin(), all.end(), [](const auto& one) { return !one.prefix.is_v6(); }),
      500);
}

TEST_F(AddressTest, ListOfAMissingLinkIsEmpty) {
  EXPECT_TRUE(nl::list_addresses(host(), IfIndex{999'999}).empty());
}

}  // namespace
}  // namespace patchbay::test
