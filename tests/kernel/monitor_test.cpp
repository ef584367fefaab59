#include "netlink/monitor.h"

#include <cerrno>

#include "kernel/netlink.h"

namespace patchbay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class MonitorTest : public NetlinkTest {
 protected:
  nl::Link make_pair_end() {
    shell("ip link add a0 type veth peer b0; ip link set a0 up");
    return link("a0");
  }
  static nl::Deadline in(milliseconds time) { return steady_clock::now() + time; }
};

TEST_F(MonitorTest, HearsThatALinkIsUp) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor;
  shell("ip link set b0 up");

  EXPECT_TRUE(monitor.wait_until_up(host(), a0.index, in(milliseconds{3000})));
}

TEST_F(MonitorTest, LinkThatStaysDownEndsWithTheDeadline) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor;

  EXPECT_FALSE(monitor.wait_until_up(host(), a0.index, in(milliseconds{50})));
}

/// As when the process was stopped for longer than it has patience.
TEST_F(MonitorTest, LinkThatHasComeUpBeforeAMissedDeadlineIsUp) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor;
  shell("ip link set b0 up");
  ASSERT_TRUE(await([&] { return nl::find_link(host(), a0.index)->oper_up; }));

  EXPECT_TRUE(monitor.wait_until_up(host(), a0.index, in(milliseconds{-1})));
}

/// The kernel may keep an event to itself for a second, but not from who asks.
TEST_F(MonitorTest, LinkThatNothingIsHeardOfIsAskedFor) {
  const auto a0 = make_pair_end();
  shell("ip link set b0 up");
  ASSERT_TRUE(await([&] { return nl::find_link(host(), a0.index)->oper_up; }));
  nl::LinkMonitor monitor;
  const auto begun = steady_clock::now();

  EXPECT_TRUE(monitor.wait_until_up(host(), a0.index, in(milliseconds{60'000})));

  EXPECT_LT(steady_clock::now() - begun, milliseconds{30'000});
}

TEST_F(MonitorTest, MissingLinkEndsWithTheDeadline) {
  nl::LinkMonitor monitor;

  EXPECT_FALSE(monitor.wait_until_up(host(), IfIndex{999'999}, in(milliseconds{50})));
}

TEST_F(MonitorTest, SeesARemoval) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor;
  nl::delete_link(host(), a0.index);

  bool removed = false;

  EXPECT_TRUE(monitor.saw_removal(a0.index, removed));
  EXPECT_TRUE(removed);
}

TEST_F(MonitorTest, LeavingABridgeIsNoRemoval) {
  const auto a0 = make_pair_end();
  shell("ip link add br0 type bridge; ip link set a0 master br0");
  nl::LinkMonitor monitor;
  shell("ip link set a0 nomaster");

  bool removed = false;

  EXPECT_TRUE(monitor.saw_removal(a0.index, removed));
  EXPECT_FALSE(removed);
}

TEST_F(MonitorTest, RemovalInAnotherNamespaceIsNotHeard) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor{container_ns()};
  nl::delete_link(host(), a0.index);

  bool removed = false;

  EXPECT_TRUE(monitor.saw_removal(a0.index, removed));
  EXPECT_FALSE(removed);
}

TEST_F(MonitorTest, TellsWhenNotificationsWereLost) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor;
  for (int i = 0; i < 500; ++i) {
    nl::change_link(host(), a0.index, {.mtu = Mtu{static_cast<unsigned>(1000 + i)}}, "flood");
  }

  bool removed = false;

  EXPECT_FALSE(monitor.saw_removal(a0.index, removed));
}

TEST_F(MonitorTest, LostNotificationsAreMadeUpForByAsking) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor;
  shell("ip link set b0 up");
  for (int i = 0; i < 500; ++i) {
    nl::change_link(host(), a0.index, {.mtu = Mtu{static_cast<unsigned>(1000 + i)}}, "flood");
  }

  EXPECT_TRUE(monitor.wait_until_up(host(), a0.index, in(milliseconds{3000})));
}

}  // namespace
}  // namespace patchbay::test
