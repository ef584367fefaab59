#include "netlink/route.h"

#include <cerrno>

#include <linux/rtnetlink.h>

#include "kernel/netlink.h"

namespace patchbay::test {
namespace {

class RouteTest : public NetlinkTest {
 protected:
  void SetUp() override {
    NetlinkTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      shell(
          "ip link add a0 type veth peer b0; ip link set b0 up; ip link set a0 up;"
          "ip addr add 10.1.0.5/24 dev a0; ip addr add fd00::5/64 dev a0 nodad");
      index_ = link("a0").index;
    }
  }

  bool add(const nl::Route& route) { return nl::add_route(host(), index_, route, "a0"); }
  bool remove(const nl::Route& route) { return nl::delete_route(host(), index_, route, "a0"); }
  std::optional<nl::Route> find(const std::string& dst) {
    for (const auto& route : nl::list_routes(host(), index_)) {
      if (route.dst == IpPrefix::parse(dst)) {
        return route;
      }
    }
    return std::nullopt;
  }
  static nl::Route via(const std::string& dst, const std::string& gateway) {
    return {.dst = IpPrefix::parse(dst), .gw = IpAddr::parse(gateway)};
  }

  IfIndex index_{};
};

TEST_F(RouteTest, AddedRouteIsListed) {
  EXPECT_TRUE(add(via("0.0.0.0/0", "10.1.0.1")));

  const auto route = find("0.0.0.0/0");
  ASSERT_TRUE(route);
  EXPECT_EQ(route->gw, IpAddr::parse("10.1.0.1"));
  EXPECT_EQ(route->table, RT_TABLE_MAIN);
  EXPECT_EQ(route->scope, RT_SCOPE_UNIVERSE);
  EXPECT_EQ(route->protocol, RTPROT_BOOT);
}

TEST_F(RouteTest, RouteThatAPacketTakesIsFound) {
  EXPECT_TRUE(add(via("10.9.0.0/16", "10.1.0.1")));
  EXPECT_TRUE(add(via("10.9.1.2/32", "10.1.0.2")));
  EXPECT_TRUE(add(via("fd09::/16", "fd00::1")));
  const auto found = [&](const std::string& address, IfIndex link) {
    return nl::find_route(host(), link, IpAddr::parse(address));
  };

  EXPECT_EQ(found("10.9.1.2", index_)->gw, IpAddr::parse("10.1.0.2"));
  EXPECT_EQ(found("10.9.1.3", index_)->dst, IpPrefix::parse("10.9.0.0/16"));
  EXPECT_EQ(found("fd09::7", index_)->dst, IpPrefix::parse("fd09::/16"));
  EXPECT_FALSE(found("10.9.1.3", link("lo").index));
  EXPECT_FALSE(found("10.1.0.5", index_));  // of the host itself
  EXPECT_FALSE(found("10.8.0.1", index_));
  EXPECT_FALSE(found("fd08::1", index_));
}

TEST_F(RouteTest, EveryAttributeIsKept) {
  nl::Route wanted = via("10.9.0.0/16", "10.1.0.1");
  wanted.src = IpAddr::parse("10.1.0.5");
  wanted.priority = 77;
  wanted.table = 1000;
  wanted.mtu = 1300;
  wanted.advmss = 1200;
  wanted.protocol = RTPROT_STATIC;

  EXPECT_TRUE(add(wanted));

  const auto route = find("10.9.0.0/16");
  ASSERT_TRUE(route);
  EXPECT_EQ(route->src, wanted.src);
  EXPECT_EQ(route->priority, 77U);
  EXPECT_EQ(route->table, 1000U);
  EXPECT_EQ(route->mtu, 1300U);
  EXPECT_EQ(route->advmss, 1200U);
  EXPECT_EQ(route->protocol, RTPROT_STATIC);
}

TEST_F(RouteTest, EveryAttributeIsKeptOfIpv6) {
  nl::Route wanted = via("fd09::/16", "fd00::1");
  wanted.src = IpAddr::parse("fd00::5");
  wanted.priority = 77;
  wanted.table = 100;
  wanted.mtu = 1300;
  wanted.advmss = 1200;

  EXPECT_TRUE(add(wanted));

  const auto route = find("fd09::/16");
  ASSERT_TRUE(route);
  EXPECT_EQ(route->gw, wanted.gw);
  EXPECT_EQ(route->src, wanted.src);
  EXPECT_EQ(route->priority, 77U);
  EXPECT_EQ(route->table, 100U);
  EXPECT_EQ(route->mtu, 1300U);
  EXPECT_EQ(route->advmss, 1200U);
}

TEST_F(RouteTest, DeviceRouteHasLinkScope) {
  EXPECT_TRUE(add({.dst = IpPrefix::parse("10.8.0.0/16")}));

  EXPECT_EQ(find("10.8.0.0/16")->scope, RT_SCOPE_LINK);
}

TEST_F(RouteTest, ScopeIsAsAskedFor) {
  EXPECT_TRUE(add({.dst = IpPrefix::parse("10.8.0.1/32"), .scope = RT_SCOPE_HOST}));

  EXPECT_EQ(find("10.8.0.1/32")->scope, RT_SCOPE_HOST);
}

TEST_F(RouteTest, OnlinkGatewayMayBeAnywhere) {
  nl::Route wanted = via("10.9.0.0/16", "192.168.9.9");
  wanted.onlink = true;

  EXPECT_TRUE(add(wanted));

  EXPECT_TRUE(find("10.9.0.0/16")->onlink);
}

TEST_F(RouteTest, OnlinkGatewayMayBeAnywhereInIpv6) {
  nl::Route wanted = via("fd09::/16", "fd77::1");
  wanted.onlink = true;

  EXPECT_TRUE(add(wanted));

  EXPECT_TRUE(find("fd09::/16")->onlink);
}

TEST_F(RouteTest, AddTwiceReturnsFalse) {
  for (const auto& route : {via("10.9.0.0/16", "10.1.0.1"), via("fd09::/16", "fd00::1")}) {
    EXPECT_TRUE(add(route));
    EXPECT_FALSE(add(route)) << route.dst.str();
  }
}

TEST_F(RouteTest, HostBitsOfTheDestinationAreCleared) {
  EXPECT_TRUE(add(via("10.9.1.2/16", "10.1.0.1")));

  EXPECT_TRUE(find("10.9.0.0/16"));
}

TEST_F(RouteTest, UnreachableGatewayIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] { add(via("10.9.0.0/16", "192.168.9.9")); },
      ENETUNREACH,
      "add route to 10.9.0.0/16 via 192.168.9.9 through 'a0': Network is unreachable"));
}

TEST_F(RouteTest, AddThroughADownLinkIsRefused) {
  shell("ip link add down0 type ifb");
  const auto down = link("down0");

  EXPECT_TRUE(is_refused(
      [&] { nl::add_route(host(), down.index, {.dst = IpPrefix::parse("10.9.0.0/16")}, "down0"); },
      ENETDOWN,
      "add route to 10.9.0.0/16 through 'down0': "));
}

TEST_F(RouteTest, DeleteRemovesTheRoute) {
  for (const auto& route : {via("10.9.0.0/16", "10.1.0.1"), via("fd09::/16", "fd00::1")}) {
    add(route);

    EXPECT_TRUE(remove(route));

    EXPECT_FALSE(find(route.dst.str()));
  }
}

TEST_F(RouteTest, DeleteOfAMissingRouteReturnsFalse) {
  EXPECT_FALSE(remove(via("10.9.0.0/16", "10.1.0.1")));
  EXPECT_FALSE(remove(via("fd09::/16", "fd00::1")));
}

TEST_F(RouteTest, DeleteLeavesTheSameDestinationInAnotherTable) {
  nl::Route other = via("10.9.0.0/16", "10.1.0.1");
  other.table = 1000;
  add(other);

  EXPECT_FALSE(remove(via("10.9.0.0/16", "10.1.0.1")));
  EXPECT_TRUE(find("10.9.0.0/16"));
}

TEST_F(RouteTest, ListIsOfOneLink) {
  EXPECT_TRUE(find("10.1.0.0/24"));
  for (const auto& route : nl::list_routes(host(), IfIndex{1})) {
    EXPECT_NE(route.dst, IpPrefix::parse("10.1.0.0/24"));
  }
}

TEST_F(RouteTest, ListOfThousandsIsComplete) {
  for (unsigned i = 0; i < 2000; ++i) {
    add({.dst = {IpAddr{false, (11U << 24U) + (i << 8U)}, 24}});
  }

  const auto all = nl::list_routes(host(), index_);

  EXPECT_EQ(
      std::count_if(
          all.begin(),
          all.end(),
          [](const auto& route) { return route.dst.address().value() >> 24U == 11U; }),
      2000);
}

TEST_F(RouteTest, DefaultLinkIsThatOfTheDefaultRoute) {
  add(via("0.0.0.0/0", "10.1.0.1"));

  EXPECT_EQ(nl::find_default_link(host()), index_);
}

TEST_F(RouteTest, DefaultLinkOfIpv6IsFoundToo) {
  add(via("::/0", "fd00::1"));

  EXPECT_EQ(nl::find_default_link(host()), index_);
}

TEST_F(RouteTest, WithoutDefaultRouteThereIsNoDefaultLink) {
  EXPECT_FALSE(nl::find_default_link(host()));
}

TEST_F(RouteTest, UnreachableDefaultIsNoDefaultLink) {
  shell("ip route add unreachable default; ip -6 route add unreachable default");

  EXPECT_FALSE(nl::find_default_link(host()));
}

TEST_F(RouteTest, MulticastRouteOfOneLinkIsDeleted) {
  const auto routes_of = [](const std::string& name) {
    return shell("ip -6 route show table local type multicast dev " + name);
  };
  ASSERT_TRUE(await([&] { return !routes_of("a0").empty() && !routes_of("b0").empty(); }));

  EXPECT_TRUE(nl::delete_multicast_route(host(), index_));

  EXPECT_EQ(routes_of("a0"), "");
  EXPECT_NE(routes_of("b0"), "");
  EXPECT_FALSE(nl::delete_multicast_route(host(), index_));
}

}  // namespace
}  // namespace patchbay::test
