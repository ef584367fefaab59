#include "netlink/monitor.h"

#include <cerrno>
#include <thread>

#include "kernel/netlink.h"

namespace patchbay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

using Event = nl::LinkMonitor::Event;

class MonitorTest : public NetlinkTest {
 protected:
  nl::Link make_pair_end() {
    shell("ip link add a0 type veth peer b0; ip link set a0 up");
    return link("a0");
  }
  /// Hundreds of notifications, more than a socket holds.
  static void flood(const nl::Link& about) {
    nl::Socket socket;
    for (int i = 0; i < 500; ++i) {
      nl::change_link(socket, about.index, {.mtu = Mtu{static_cast<unsigned>(1000 + i)}}, "flood");
    }
  }
};

TEST_F(MonitorTest, HearsThatALinkIsUp) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor{a0.index, Event::up};
  shell("ip link set b0 up");

  bool up = false;

  EXPECT_TRUE(await([&] { return monitor.hear(up) && up; }));
}

TEST_F(MonitorTest, AnotherLinksEventsAreNone) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor removal{a0.index, Event::removal};
  nl::LinkMonitor up{a0.index, Event::up};
  shell("ip link add c0 type veth peer d0; ip link set c0 up; ip link set d0 up");
  ASSERT_TRUE(await([&] { return link("c0").oper_up; }));
  shell("ip link del c0");

  bool happened = false;

  EXPECT_TRUE(removal.hear(happened));
  EXPECT_TRUE(up.hear(happened));
  EXPECT_FALSE(happened);
}

TEST_F(MonitorTest, ChangeOfALinkThatIsNotUpIsNoEvent) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor removal{a0.index, Event::removal};
  nl::LinkMonitor up{a0.index, Event::up};
  nl::change_link(host(), a0.index, {.mtu = Mtu{1400}}, "change a link");

  bool happened = false;

  EXPECT_TRUE(removal.hear(happened));
  EXPECT_TRUE(up.hear(happened));
  EXPECT_FALSE(happened);
}

TEST_F(MonitorTest, SeesARemoval) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor{a0.index, Event::removal};
  nl::delete_link(host(), a0.index);

  bool removed = false;

  EXPECT_TRUE(monitor.hear(removed));
  EXPECT_TRUE(removed);
}

TEST_F(MonitorTest, LeavingABridgeIsNoRemoval) {
  const auto a0 = make_pair_end();
  shell("ip link add br0 type bridge; ip link set a0 master br0");
  nl::LinkMonitor monitor{a0.index, Event::removal};
  shell("ip link set a0 nomaster");

  bool removed = false;

  EXPECT_TRUE(monitor.hear(removed));
  EXPECT_FALSE(removed);
}

TEST_F(MonitorTest, RemovalInAnotherNamespaceIsNotHeard) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor{container_ns(), a0.index, Event::removal};
  nl::delete_link(host(), a0.index);

  bool removed = false;

  EXPECT_TRUE(monitor.hear(removed));
  EXPECT_FALSE(removed);
}

TEST_F(MonitorTest, TellsWhenNotificationsWereLost) {
  const auto a0 = make_pair_end();
  nl::LinkMonitor monitor{a0.index, Event::up};
  shell("ip link set b0 up");
  flood(a0);

  bool up = false;

  EXPECT_FALSE(monitor.hear(up));
}

class WaitTest : public MonitorTest {
 protected:
  bool wait(IfIndex link, milliseconds time) {
    return nl::wait_until_up(host(), link, steady_clock::now() + time);
  }
};

TEST_F(WaitTest, LinkThatIsUpIsNotWaitedFor) {
  const auto a0 = make_pair_end();
  shell("ip link set b0 up");
  ASSERT_TRUE(await([&] { return nl::find_link(host(), a0.index)->oper_up; }));
  const auto begun = steady_clock::now();

  EXPECT_TRUE(wait(a0.index, milliseconds{60'000}));

  EXPECT_LT(steady_clock::now() - begun, milliseconds{30'000});
}

TEST_F(WaitTest, LinkThatComesUpMeanwhileEndsIt) {
  const auto a0 = make_pair_end();
  std::thread soon{[] { shell("sleep 0.1; ip link set b0 up"); }};
  const auto begun = steady_clock::now();

  EXPECT_TRUE(wait(a0.index, milliseconds{60'000}));

  EXPECT_LT(steady_clock::now() - begun, milliseconds{30'000});
  soon.join();
}

/// The kernel may keep an event to itself for a second, but not from who asks. Here it is kept by
/// listening where nothing happens.
TEST_F(WaitTest, LinkThatNothingIsHeardOfIsAskedForAgain) {
  const auto a0 = make_pair_end();
  std::thread soon{[] { shell("sleep 0.1; ip link set b0 up"); }};
  const auto begun = steady_clock::now();

  EXPECT_TRUE(nl::wait_until_up(host(), a0.index, begun + milliseconds{60'000}, &container_ns()));

  EXPECT_LT(steady_clock::now() - begun, milliseconds{30'000});
  soon.join();
}

TEST_F(WaitTest, LinkThatStaysDownEndsWithTheDeadline) {
  const auto a0 = make_pair_end();

  EXPECT_FALSE(wait(a0.index, milliseconds{50}));
}

/// As when the process was stopped for longer than it has patience.
TEST_F(WaitTest, LinkThatHasComeUpBeforeAMissedDeadlineIsUp) {
  const auto a0 = make_pair_end();
  shell("ip link set b0 up");
  ASSERT_TRUE(await([&] { return nl::find_link(host(), a0.index)->oper_up; }));

  EXPECT_TRUE(wait(a0.index, milliseconds{-1}));
}

TEST_F(WaitTest, MissingLinkEndsWithTheDeadline) {
  EXPECT_FALSE(wait(IfIndex{999'999}, milliseconds{50}));
}

/// The monitor loses notifications then, and the wait asks.
TEST_F(WaitTest, FloodIsNoHindrance) {
  const auto a0 = make_pair_end();
  std::thread soon{[&] {
    shell("ip link set b0 up");
    flood(a0);
  }};

  EXPECT_TRUE(wait(a0.index, milliseconds{3000}));
  soon.join();
}

}  // namespace
}  // namespace patchbay::test
