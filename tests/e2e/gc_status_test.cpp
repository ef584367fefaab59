// GC frees what the runtime does not list; STATUS tells whether an ADD could succeed.

#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

class GcTest : public PluginTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      make_namespace("c2");
    }
  }

  static json network(const std::string& name = "net1", const std::string& subnet = "10.1.0.0/24") {
    json network = GetParam() == "bridge" ? bridge_network() : ptp_network();
    network["name"] = name;
    network["bridge"] = name;
    network["ipam"] = host_local({subnet, name == "net1" ? "fd00:1::/64" : "fd00:2::/64"});
    network["ipMasq"] = true;
    network["macspoofchk"] = true;
    return network;
  }
  static json sparing(json network, const json& attachments) {
    network["cni.dev/valid-attachments"] = attachments;
    return network;
  }
};

TEST_P(GcTest, WithoutAListDoesNothing) {
  attach(network());
  const auto before = dump();

  EXPECT_TRUE(is_success(run("GC", network())));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(GcTest, WithAnEmptyListFreesTheWholeNetwork) {
  attach(network(), container_called("c2"));
  detach(network(), container_called("c2"));
  const auto before = dump();
  attach(network());
  attach(network(), container_called("c2"));

  EXPECT_TRUE(is_success(run("GC", sparing(network(), json::array()))));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(GcTest, LeavesOtherNetworks) {
  const json other = network("net1-b", "10.2.0.0/24");
  attach(network());
  detach(network());
  attach(other, {.ifname = "eth1"});
  const auto before = dump();
  attach(network());

  EXPECT_TRUE(is_success(run("GC", sparing(network(), json::array()))));

  EXPECT_TRUE(is_unchanged(before));
  EXPECT_TRUE(ping("c1", "10.2.0.1"));
}

TEST_P(GcTest, KeepsTheValid) {
  attach(network());
  attach(network(), container_called("c2"));
  detach(network(), container_called("c2"));
  const auto before = dump();
  attach(network(), container_called("c2"));
  attach(network(), {.id = "c2", .ns = "/run/netns/c2", .ifname = "eth1"});
  const json valid{{{"containerID", "c1"}, {"ifname", "eth0"}}};

  EXPECT_TRUE(is_success(run("GC", sparing(network(), valid))));

  EXPECT_TRUE(is_unchanged(before));
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
}

TEST_P(GcTest, UnderstandsTheKeysOldName) {
  attach(network());
  json collection = network();
  collection["cni.dev/attachments"] = json::array();

  EXPECT_TRUE(is_success(run("GC", collection)));

  EXPECT_EQ(count_leases(), 0U);
}

TEST_P(GcTest, CleansUpAfterNamespacesThatAreGone) {
  attach(network());
  detach(network());
  const auto before = dump();
  attach(network());
  destroy_namespace("c1");

  EXPECT_TRUE(is_success(run("GC", sparing(network(), json::array()))));

  make_namespace("c1");
  EXPECT_TRUE(await([&] { return static_cast<bool>(is_unchanged(before)); }));
  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(GcTest, OfNothingSucceeds) {
  const auto before = dump();

  EXPECT_TRUE(is_success(run("GC", sparing(network(), json::array()))));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(GcTest, OfHundredsOfAttachmentsSucceeds) {
  constexpr int kMany = 300;
  std::string elements;
  attach(network());
  for (int i = 0; i < kMany; ++i) {
    elements += (i == 0 ? "" : ", ") + ("10.9." + std::to_string(i / 250)) + "." +
                std::to_string(1 + i % 250) + " comment \"net1:gone" + std::to_string(i) +
                ":eth0\"";
  }
  const std::string set =
      shell("nft list sets | grep -B1 'type ipv4_addr' | grep -o 'net_[0-9a-f]*' | tr -d '\\n'");
  shell("nft 'add element inet patchbay " + set + " { " + elements + " }'");

  EXPECT_TRUE(is_success(run("GC", sparing(network(), json::array()))));

  EXPECT_EQ(shell("nft list set inet patchbay " + set).find("comment"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Plugins, GcTest, testing::Values("bridge", "ptp"), name_of_text);

class StatusTest : public PluginTest, public testing::WithParamInterface<std::string> {
 protected:
  static json network() {
    json network = GetParam() == "bridge" ? bridge_network() : ptp_network();
    network["ipMasq"] = true;
    return network;
  }
};

TEST_P(StatusTest, OfAReadyNetworkSucceedsAndChangesNothing) {
  const auto before = dump();

  const Answer answer = run("STATUS", network());

  EXPECT_TRUE(is_success(answer));
  EXPECT_EQ(answer.output, "");
  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(StatusTest, OfAnExhaustedRangeIs50) {
  json full = network();
  full["ipam"]["ranges"] = {{{{"subnet", "10.1.0.0/30"}}}};
  attach(full);

  EXPECT_TRUE(is_error(run("STATUS", full), 50, "10.1.0.2"));
}

TEST_P(StatusTest, FailsWithoutIpamPlugin) {
  json broken = network();
  broken["ipam"]["type"] = "nonesuch";

  EXPECT_TRUE(is_error(run("STATUS", broken), 7, "'nonesuch'"));
}

INSTANTIATE_TEST_SUITE_P(Plugins, StatusTest, testing::Values("bridge", "ptp"), name_of_text);

class BridgeStatusTest : public PluginTest {};

TEST_F(BridgeStatusTest, OfABridgeOfAnotherKindIs50) {
  shell("ip link add br0 type ifb");

  EXPECT_TRUE(is_error(run("STATUS", bridge_network()), 50, "'br0'"));
}

TEST_F(BridgeStatusTest, OfAMissingUplinkIs50) {
  json network = bridge_network();
  network["uplink"] = "up0";

  EXPECT_TRUE(is_error(run("STATUS", network), 50, "uplink: no link 'up0'"));
}

}  // namespace
}  // namespace patchbay::test
