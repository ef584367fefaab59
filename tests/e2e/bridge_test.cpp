#include "e2e/golden.h"
#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

class BridgeTest : public PluginTest {
 protected:
  /// A network whose bridge, directories and chains exist already, as on a host in use.
  static json warm_network(const std::string& version) {
    json network = bridge_network(version);
    network["ipMasq"] = true;
    network["macspoofchk"] = true;
    const Container first{.id = "first"};
    attach(network, first);
    detach(network, first);
    return network;
  }
};

std::string network_of_container() {
  const netns::ScopedNetns inside{netns::Netns::open("/run/netns/c1")};
  return dump_network();
}

class BridgeVersionTest : public BridgeTest, public testing::WithParamInterface<std::string> {};

TEST_P(BridgeVersionTest, AddGivesTheGoldenResult) {
  const json result = attach(bridge_network(GetParam()));

  EXPECT_EQ(difference_to_golden("bridge-" + GetParam(), result), "");
}

TEST_P(BridgeVersionTest, AddConnectsTheContainerToTheGateway) {
  attach(bridge_network(GetParam()));

  EXPECT_TRUE(ping("c1", "10.1.0.1"));
}

TEST_P(BridgeVersionTest, SecondAddIsRefusedAndLeavesTheLiveAttachment) {
  const json network = bridge_network(GetParam());
  attach(network);
  const auto before = dump();
  const auto inside = network_of_container();

  const Answer again = run("ADD", network);

  EXPECT_TRUE(is_error(again, 4, "CNI_IFNAME"));
  EXPECT_NE(again.message().find("'eth0'"), std::string::npos);
  EXPECT_EQ(again.json().at("cniVersion"), GetParam());
  EXPECT_TRUE(is_unchanged(before));
  EXPECT_TRUE(is_same(inside, network_of_container()));
}

TEST_P(BridgeVersionTest, DelLeavesNothing) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  const json result = attach(network);

  detach(with_previous(network, result));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(BridgeVersionTest, DelWithoutPreviousResultLeavesNothing) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  attach(network);

  detach(network);

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(BridgeVersionTest, SecondDelSucceeds) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  const json result = attach(network);
  detach(with_previous(network, result));

  detach(with_previous(network, result));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(BridgeVersionTest, DelWithoutNamespaceLeavesNothing) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  const json result = attach(network);

  detach(with_previous(network, result), {.ns = ""});

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(BridgeVersionTest, DelAfterTheNamespaceIsGoneLeavesNothing) {
  const json network = warm_network(GetParam());
  attach(network);
  destroy_namespace("c1");
  const auto before = dump();

  detach(network);

  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(shell("nft list ruleset").find("c1"), std::string::npos);
  EXPECT_TRUE(await([] { return shell("ip link").find("veth") == std::string::npos; }));
}

TEST_F(BridgeTest, PortHasNoIpv6OfItsOwn) {
  json network = bridge_network();
  network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});

  const json result = attach(network);

  const auto port = result.at("interfaces").at(1).at("name").get<std::string>();
  EXPECT_EQ(shell("ip -6 address show dev " + port), "");
  EXPECT_EQ(shell("ip -6 route show table all dev " + port), "");
}

INSTANTIATE_TEST_SUITE_P(
    Cni, BridgeVersionTest, testing::ValuesIn(cni_versions()), name_of_version);

class BridgeCheckVersionTest : public BridgeTest,
                               public testing::WithParamInterface<std::string> {};

TEST_P(BridgeCheckVersionTest, CheckAcceptsWhatAddMade) {
  json network = bridge_network(GetParam());
  network["ipMasq"] = true;
  network["macspoofchk"] = true;
  network["hairpinMode"] = true;
  network["portIsolation"] = true;
  const json result = attach(network);

  EXPECT_NO_THROW(check(with_previous(network, result)));
}

INSTANTIATE_TEST_SUITE_P(
    Cni, BridgeCheckVersionTest, testing::ValuesIn(cni_versions_since("0.4.0")), name_of_version);

}  // namespace
}  // namespace patchbay::test
