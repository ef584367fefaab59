#include <cerrno>
#include <csignal>
#include <set>
#include <unistd.h>

#include <sys/wait.h>

#include "kernel/netlink.h"
#include "netlink/bridge.h"

namespace patchbay::test {
namespace {

const IfIndex kMissing{999'999};

class LinkTest : public NetlinkTest {};

/// A process that adds and deletes a link, again and again.
class ComingAndGoing {
 public:
  ComingAndGoing() : pid_{::fork()} {
    while (pid_ == 0) {
      nl::Socket socket;
      nl::ensure_bridge(socket, {.name = IfName::parse("passing0")});
      nl::delete_link(socket, nl::get_link(socket, IfName::parse("passing0")).index);
    }
  }
  ~ComingAndGoing() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ComingAndGoing(const ComingAndGoing&) = delete;
  ComingAndGoing& operator=(const ComingAndGoing&) = delete;
  ComingAndGoing(ComingAndGoing&&) = delete;
  ComingAndGoing& operator=(ComingAndGoing&&) = delete;

 private:
  pid_t pid_;
};

TEST_F(LinkTest, FindByNameAndByIndexAgree) {
  const auto by_name = nl::find_link(host(), IfName::parse("lo"));
  const auto by_index = nl::find_link(host(), IfIndex{1});

  ASSERT_TRUE(by_name && by_index);
  EXPECT_EQ(by_name->index, by_index->index);
  EXPECT_TRUE(by_name->up);
  EXPECT_EQ(by_name->kind, "");
}

TEST_F(LinkTest, FindOfAMissingLinkIsNothing) {
  EXPECT_FALSE(nl::find_link(host(), IfName::parse("none0")));
  EXPECT_FALSE(nl::find_link(host(), kMissing));
}

TEST_F(LinkTest, GetOfAMissingLinkIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] { nl::get_link(host(), IfName::parse("none0")); }, ENODEV, "look up link 'none0'"));
}

TEST_F(LinkTest, SocketStaysInItsNamespace) {
  shell_in("c1", "ip link add only0 type ifb");

  EXPECT_TRUE(nl::find_link(container(), IfName::parse("only0")));
  EXPECT_FALSE(nl::find_link(host(), IfName::parse("only0")));
}

TEST_F(LinkTest, ListHasEveryLink) {
  make_foreign_link("a0");
  make_foreign_link("b0");

  EXPECT_EQ(nl::list_links(host()).size(), 3U);
}

TEST_F(LinkTest, ListOfManyIsComplete) {
  constexpr int kMany = 100;
  std::string batch;
  for (int i = 0; i < kMany; ++i) {
    batch += "link add m" + std::to_string(i) + " type bridge\n";
  }
  shell("printf '" + batch + "' | ip -batch -");

  EXPECT_EQ(nl::list_links(host()).size(), kMany + 1U);
}

/// On a busy host, hardly a dump of many links is not interrupted.
TEST_F(LinkTest, ListHasWhatStaysWhileOthersComeAndGo) {
  constexpr std::size_t kMany = 200;
  std::string batch;
  for (std::size_t i = 0; i < kMany; ++i) {
    batch += "link add stays" + std::to_string(i) + " type bridge\n";
  }
  shell("printf '" + batch + "' | ip -batch -");
  const ComingAndGoing others;

  for (int look = 0; look < 20; ++look) {
    std::set<IfIndex> seen;
    for (const auto& link : nl::list_links(host())) {
      if (link.name.str().starts_with("stays")) {
        EXPECT_TRUE(seen.insert(link.index).second) << link.name.str() << " is listed twice";
      }
    }
    ASSERT_EQ(seen.size(), kMany);
  }
}

/// The kernel allows more names than CNI_IFNAME does.
TEST_F(LinkTest, ListPassesOverNamesThatAreNoneOfOurs) {
  shell("ip link add \"$(printf 'odd\\302\\205')\" type ifb");

  EXPECT_NO_THROW(nl::list_links(host()));
}

TEST_F(LinkTest, ChangeIsVisible) {
  shell("ip link add a0 type veth peer b0; ip link add br0 type bridge");
  const auto before = link("a0");

  nl::change_link(
      host(),
      before.index,
      {.up = true,
       .promiscuous = true,
       .mtu = Mtu{1400},
       .mac = MacAddr::parse("02:00:00:00:00:07"),
       .master = link("br0").index},
      "change 'a0'");

  const auto after = link("a0");
  EXPECT_TRUE(after.up);
  EXPECT_TRUE(after.promiscuous);
  EXPECT_EQ(after.mtu, Mtu{1400});
  EXPECT_EQ(after.mac.str(), "02:00:00:00:00:07");
  EXPECT_EQ(after.master, link("br0").index);
}

TEST_F(LinkTest, ChangeLeavesWhatIsNotNamed) {
  const auto before = make_foreign_link("a0");
  nl::change_link(host(), before.index, {.up = true}, "set 'a0' up");

  nl::change_link(host(), before.index, {.mtu = Mtu{1400}}, "set MTU of 'a0'");

  EXPECT_TRUE(link("a0").up);
  EXPECT_EQ(link("a0").mac, before.mac);
}

TEST_F(LinkTest, ChangeTwiceSucceeds) {
  const auto lo = link("lo");

  EXPECT_NO_THROW(nl::change_link(host(), lo.index, {.up = true}, "set 'lo' up"));
  EXPECT_NO_THROW(nl::change_link(host(), lo.index, {.up = true}, "set 'lo' up"));
}

TEST_F(LinkTest, MasterZeroReleases) {
  const auto port = make_foreign_link("a0");
  shell("ip link add br0 type bridge; ip link set a0 master br0");

  nl::change_link(host(), port.index, {.master = IfIndex{0}}, "free 'a0'");

  EXPECT_FALSE(link("a0").master);
}

TEST_F(LinkTest, ArpNotifyIsSet) {
  const auto a0 = make_foreign_link("a0");

  nl::change_link(host(), a0.index, {.arp_notify = true}, "set arp_notify of 'a0'");

  EXPECT_EQ(shell("cat /proc/sys/net/ipv4/conf/a0/arp_notify"), "1\n");
}

TEST_F(LinkTest, ChangeForbidsALinkLocalAddress) {
  shell("ip link add a0 type veth peer b0; ip link set b0 up");
  const auto a0 = link("a0");

  nl::change_link(host(), a0.index, {.link_local = false}, "forbid a link-local address");
  nl::change_link(host(), a0.index, {.up = true}, "set 'a0' up");

  EXPECT_TRUE(await([] { return !shell("ip -6 address show dev b0 scope link").empty(); }));
  EXPECT_TRUE(link("a0").oper_up);
  EXPECT_EQ(shell("ip -6 address show dev a0"), "");
}

TEST_F(LinkTest, ChangeOfAMissingLinkIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] { nl::change_link(host(), kMissing, {.up = true}, "set 'gone0' up"); },
      ENODEV,
      "set 'gone0' up: "));
}

TEST_F(LinkTest, RefusedChangeKeepsTheKernelsErrno) {
  const auto lo = link("lo");
  shell("ip link add br0 type bridge");

  EXPECT_TRUE(is_refused(
      [&] {
        nl::change_link(host(), lo.index, {.master = link("br0").index}, "set master of 'lo'");
      },
      EINVAL,
      "set master of 'lo': Invalid argument"));
}

TEST_F(LinkTest, DeleteRemovesTheLink) {
  const auto a0 = make_foreign_link("a0");

  EXPECT_TRUE(nl::delete_link(host(), a0.index));
  EXPECT_FALSE(nl::find_link(host(), a0.name));
}

TEST_F(LinkTest, DeleteOfMissingLinkReturnsFalse) {
  EXPECT_FALSE(nl::delete_link(host(), kMissing));
}

TEST_F(LinkTest, DeleteOfLoIsRefused) {
  EXPECT_TRUE(
      is_refused([&] { nl::delete_link(host(), IfIndex{1}); }, EOPNOTSUPP, "delete link number 1"));
}

TEST_F(LinkTest, MoveRenamesMarksAndChangesInOneRequest) {
  shell("ip link add a0 type veth peer b0; ip link set a0 up");
  const auto before = link("a0");

  nl::change_link(
      host(),
      before.index,
      {.mtu = Mtu{1400},
       .mac = MacAddr::parse("02:00:00:00:00:07"),
       .target = &container_ns(),
       .name = IfName::parse("eth0"),
       .alias = "mark"},
      "move 'a0'");

  EXPECT_FALSE(nl::find_link(host(), before.name));
  const auto after = nl::get_link(container(), IfName::parse("eth0"));
  EXPECT_EQ(after.mtu, Mtu{1400});
  EXPECT_EQ(after.mac.str(), "02:00:00:00:00:07");
  EXPECT_EQ(after.alias, "mark");
  EXPECT_FALSE(after.up);
}

TEST_F(LinkTest, MoveToWhereTheNameIsTakenIsRefused) {
  shell("ip link add a0 type veth peer b0");
  shell_in("c1", "ip link add a0 type veth peer b0");
  const auto index = link("a0").index;

  EXPECT_TRUE(is_refused(
      [&] { nl::change_link(host(), index, {.target = &container_ns()}, "move 'a0'"); },
      EEXIST,
      "move 'a0'"));
  EXPECT_TRUE(nl::find_link(host(), index));
}

TEST_F(LinkTest, PatternBecomesAFreeName) {
  shell("ip link add a0 type veth peer b0");
  shell_in("c1", "ip link add dev0 type veth peer b0");
  const auto index = link("a0").index;

  nl::change_link(
      host(), index, {.target = &container_ns(), .name = IfName::parse("dev%d")}, "move 'a0'");

  EXPECT_EQ(nl::list_links(container()).size(), 4U);
  EXPECT_NE(shell_in("c1", "ip -o link").find(" dev1"), std::string::npos);
}

TEST_F(LinkTest, MoveOfABridgeIsRefused) {
  shell("ip link add br0 type bridge");

  EXPECT_EQ(
      nl::try_change_link(host(), link("br0").index, {.target = &container_ns()}).error, EINVAL);
}

TEST_F(LinkTest, EmptyAliasRemovesIt) {
  shell("ip link add a0 type veth peer b0; ip link set a0 alias mark");
  ASSERT_EQ(link("a0").alias, "mark");

  nl::change_link(host(), link("a0").index, {.alias = ""}, "change 'a0'");

  EXPECT_EQ(link("a0").alias, "");
}

/// With hardware: host_device_nic_test.cpp.
TEST_F(LinkTest, PairsHaveNoHardware) {
  shell("ip link add a0 type veth peer b0");

  EXPECT_EQ(link("a0").parent, "");
  EXPECT_FALSE(link("a0").permanent_mac);
  EXPECT_FALSE(link("a0").loopback);
  EXPECT_TRUE(link("lo").loopback);
}

}  // namespace
}  // namespace patchbay::test
