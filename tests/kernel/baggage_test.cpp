#include "netlink/baggage.h"

#include "kernel/netlink.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

class BaggageTest : public NetlinkTest {
 protected:
  void SetUp() override {
    NetlinkTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      shell("ip link add a0 type veth peer b0; ip link set b0 up; ip link set a0 up");
    }
  }

  void put(const nl::Baggage& baggage) {
    const IfIndex index = link("a0").index;
    for (const auto& address : baggage.addresses) {
      EXPECT_FALSE(nl::try_add_address(host(), index, address));
    }
    for (const auto& route : baggage.routes) {
      EXPECT_FALSE(nl::try_add_route(host(), index, route));
    }
  }
};

TEST_F(BaggageTest, OfAFreshLinkIsEmpty) {
  const auto baggage = nl::list_baggage(host(), link("a0"));

  EXPECT_TRUE(baggage.addresses.empty());
  EXPECT_TRUE(baggage.routes.empty());
}

TEST_F(BaggageTest, IsPutBackExactly) {
  shell(
      "ip addr add 10.1.0.5/24 brd + dev a0; ip addr add 10.1.0.6/24 dev a0 label a0:x;"
      "ip addr add 10.2.0.5 peer 10.2.0.9/32 dev a0; ip addr add 10.3.0.5/32 scope link dev a0;"
      "ip addr add 10.4.0.5/24 metric 77 dev a0; ip addr add 10.5.0.5/24 noprefixroute dev a0;"
      "ip addr add fd00:1::5/64 nodad dev a0; ip addr add fd00:3::5/64 nodad dev a0; ip addr add "
      "fd00:2::5 peer fd00:2::9/128 nodad dev "
      "a0;"
      "ip route add default via 10.1.0.1 metric 5; ip route add 10.77.0.0/16 dev a0 table 100;"
      "ip route add default via fd00:1::1 dev a0");
  ASSERT_TRUE(await_local_routes());
  const auto before = dump_network();
  const auto baggage = nl::list_baggage(host(), link("a0"));
  shell("ip link set a0 netns c1; ip -n c1 link set a0 netns " + std::to_string(::getpid()));
  shell("ip link set a0 up");
  ASSERT_FALSE(is_same(before, dump_network()));

  put(baggage);

  // The kernel completes IPv6 addresses in its own time.
  await([&] { return static_cast<bool>(is_same(before, dump_network())); });
  EXPECT_TRUE(is_same(before, dump_network()));
}

TEST_F(BaggageTest, LifetimesGoOn) {
  shell("ip addr add fd00:1::5/64 nodad valid_lft 1000 preferred_lft 500 dev a0");
  const auto baggage = nl::list_baggage(host(), link("a0"));

  ASSERT_EQ(baggage.addresses.size(), 1U);
  EXPECT_NEAR(baggage.addresses[0].valid_s, 1000, 5);
  EXPECT_NEAR(baggage.addresses[0].preferred_s, 500, 5);
  shell("ip addr flush dev a0");
  put(baggage);

  const auto after = nl::list_baggage(host(), link("a0"));
  ASSERT_EQ(after.addresses.size(), 1U);
  EXPECT_NEAR(after.addresses[0].valid_s, 1000, 10);
}

}  // namespace
}  // namespace patchbay::test
