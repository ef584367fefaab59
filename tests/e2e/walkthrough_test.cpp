// The four walk-throughs that the project began from.

#include <csignal>
#include <unistd.h>

#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

class WalkthroughTest : public PluginTest {};

TEST_F(WalkthroughTest, LoopbackInNamespaceRedAnswers) {
  make_namespace("red");
  ASSERT_FALSE(ping("red", "127.0.0.1"));

  attach(
      {{"cniVersion", "1.1.0"}, {"name", "lo"}, {"type", "loopback"}},
      {.id = "red", .ns = "/run/netns/red", .ifname = "lo"});

  EXPECT_TRUE(ping("red", "127.0.0.1"));
}

/// A second host, "far", holds 192.168.1.100; its cable ends in the link up0 of this one.
TEST_F(WalkthroughTest, ContainerReachesASecondHostThroughTheUplink) {
  make_namespace("far");
  shell(
      "ip link add up0 type veth peer eth0 netns far;"
      "ip -n far addr add 192.168.1.100/24 dev eth0; ip -n far link set eth0 up");
  json network = bridge_network();
  network["isGateway"] = false;
  network["uplink"] = "up0";
  network["ipam"] = {
      {"type", "host-local"},
      {"ranges", {{{{"subnet", "192.168.1.0/24"}, {"gateway", "192.168.1.100"}}}}},
      {"routes", {{{"dst", "0.0.0.0/0"}}}}};
  network["runtimeConfig"]["ips"] = {"192.168.1.101/24"};

  const json result = attach(network);

  EXPECT_EQ(result.at("ips").at(0).at("address"), "192.168.1.101/24");
  EXPECT_TRUE(ping("c1", "192.168.1.100"));
  EXPECT_NE(
      shell_in("c1", "ip route").find("default via 192.168.1.100 dev eth0"), std::string::npos);
  EXPECT_NO_THROW(check(with_previous(network, result)));
}

TEST_F(WalkthroughTest, TwoContainersPingEachOther) {
  make_namespace("c2");
  json network = bridge_network();
  network["isGateway"] = false;
  network["capabilities"]["ips"] = true;
  network["ipam"] = {
      {"type", "host-local"},
      {"ranges", {{{{"subnet", "10.0.0.0/24"}, {"gateway", "10.0.0.254"}}}}}};
  network["runtimeConfig"]["ips"] = {"10.0.0.1/24"};
  attach(network);
  network["runtimeConfig"]["ips"] = {"10.0.0.2/24"};
  attach(network, container_called("c2"));

  EXPECT_TRUE(ping("c1", "10.0.0.2"));
  EXPECT_TRUE(ping("c2", "10.0.0.1"));
}

/// The runtime's order: kill the processes, remove the namespace, then DEL.
TEST_F(WalkthroughTest, NamespaceIsDestroyedAfterItsProcessesAreKilled) {
  const json network = bridge_network();
  attach(network);
  detach(network);
  const auto before = dump();
  const json result = attach(network);
  const pid_t process = ::fork();
  if (process == 0) {
    const netns::ScopedNetns inside{open_namespace("c1")};
    ::pause();
    ::_exit(0);
  }

  ::kill(process, SIGKILL);
  ASSERT_TRUE(reap_children());
  destroy_namespace("c1");
  detach(with_previous(network, result));

  make_namespace("c1");
  EXPECT_TRUE(await([&] { return static_cast<bool>(is_unchanged(before)); }));
  EXPECT_TRUE(is_unchanged(before));
}

}  // namespace
}  // namespace patchbay::test
