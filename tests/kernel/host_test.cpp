// The fixture itself: what it promises, and that its dump shows every kind of leftover.

#include "support/host.h"

#include <unistd.h>

#include "support/dump.h"
#include "support/traffic.h"

namespace patchbay::test {
namespace {

class HostFixtureTest : public HostTest {};

TEST_F(HostFixtureTest, HostIsEmpty) {
  EXPECT_EQ(shell("ls /run /var/lib/cni"), "/run:\nnetns\n\n/var/lib/cni:\n");
  EXPECT_EQ(shell("ip -o link | wc -l"), "1\n");
  EXPECT_EQ(shell("nft list ruleset"), "");
}

TEST_F(HostFixtureTest, LoopbackOfTheHostAnswers) {
  EXPECT_TRUE(ping("", "127.0.0.1"));
}

TEST_F(HostFixtureTest, NamespacesHaveLoOnly) {
  make_namespace("c1");

  EXPECT_EQ(shell_in("c1", "ip -o link | wc -l"), "1\n");
  EXPECT_EQ(shell("ip netns list"), "c1\n");
}

TEST_F(HostFixtureTest, DestroyedNamespaceIsGone) {
  make_namespace("c1");
  shell("ip link add a0 type veth peer b0 netns c1");

  destroy_namespace("c1");

  EXPECT_TRUE(await([] { return shell("ip link").find("a0") == std::string::npos; }));
  EXPECT_EQ(shell("ls /run/netns"), "");
}

TEST_F(HostFixtureTest, AwaitGivesUp) {
  EXPECT_FALSE(await([] { return false; }));
}

class DumpTest : public HostTest, public testing::WithParamInterface<const char*> {};

TEST_P(DumpTest, ShowsTheLeftover) {
  shell("ip link add base0 type bridge; ip link set base0 up; ip addr add 10.9.0.1/24 dev base0");
  shell("mkdir -p /var/lib/cni/networks/net1; nft add table inet patchbay");
  const auto before = dump();

  shell(GetParam());

  EXPECT_FALSE(is_unchanged(before));
}

INSTANTIATE_TEST_SUITE_P(
    Leftovers,
    DumpTest,
    testing::Values(
        "ip link add left0 type ifb",
        "ip link set base0 down",
        "ip link set base0 alias left",
        "ip addr add 10.8.0.1/24 dev base0",
        "ip addr add fd00::1/64 dev base0 nodad",
        "ip route add 10.7.0.0/16 dev base0",
        "ip route add 10.7.0.0/16 dev base0 table 1000",
        "ip -6 route add fd07::/16 dev base0",
        "ip rule add from 10.7.0.0/16 table 1000",
        "ip -6 rule add from fd07::/16 table 1000",
        "tc qdisc add dev base0 root handle 7: pfifo",
        "bridge fdb add 02:00:00:00:00:07 dev base0 self permanent",
        "echo 1 > /proc/sys/net/ipv4/conf/base0/proxy_arp",
        "echo 9999 > /proc/sys/net/ipv4/tcp_fin_timeout",
        "mount -t tmpfs left /var/lib/cni/networks",
        "nft add set inet patchbay left { type ipv4_addr\\; }",
        "ip neigh add 10.9.0.7 lladdr 02:00:00:00:00:07 dev base0",
        "nft add chain inet patchbay left",
        "nft add table bridge left",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        "touch /var/lib/cni/networks/net1/10.1.0.2",
        "echo x > /var/lib/cni/networks/net1/lock",
        "touch /run/netns/left"));

TEST_F(HostFixtureTest, DumpOfAnUnchangedHostIsTheSame) {
  shell("ip link add base0 type bridge; ip link set base0 up; ip addr add fd00::1/64 dev base0");

  EXPECT_TRUE(is_unchanged(dump()));
}

TEST_F(HostFixtureTest, TransferNeedsAListener) {
  make_namespace("c1");

  EXPECT_THROW(
      exchange_megabyte({open_namespace("c1")}, {netns::Netns::current(), "127.0.0.1"}),
      std::runtime_error);
}

TEST_F(HostFixtureTest, TransferTellsTheClientsAddress) {
  const auto host = netns::Netns::current();

  EXPECT_EQ(exchange_megabyte({host, "127.0.0.5"}, {host, "127.0.0.1"}), "127.0.0.5");
}

}  // namespace
}  // namespace patchbay::test
