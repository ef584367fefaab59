// veth, under its own name and as ptp.

#include "e2e/golden.h"
#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

class VethTest : public PluginTest {
 protected:
  static json warm_network(const std::string& version) {
    json network = ptp_network(version);
    network["ipMasq"] = true;
    const Container first{.id = "first"};
    attach(network, first);
    detach(network, first);
    return network;
  }
};

/// IPv6 addresses and routes of a link of the host.
std::string ipv6_of(const std::string& name) {
  return shell("ip -6 address show dev " + name + "; ip -6 route show table all dev " + name);
}

std::string name_of_host_end(const json& result) {
  return result.at("interfaces").at(0).at("name").get<std::string>();
}

class VethVersionTest : public VethTest, public testing::WithParamInterface<std::string> {};

TEST_P(VethVersionTest, AddGivesTheGoldenResult) {
  const json result = attach(ptp_network(GetParam()));

  EXPECT_EQ(difference_to_golden("veth-" + GetParam(), result), "");
}

TEST_P(VethVersionTest, BothNamesGiveTheSameResult) {
  json network = ptp_network(GetParam());
  network["type"] = "veth";

  const json result = attach(network);

  EXPECT_EQ(difference_to_golden("veth-" + GetParam(), result), "");
}

TEST_P(VethVersionTest, AddConnectsBothWays) {
  attach(ptp_network(GetParam()));

  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_TRUE(ping("", "10.1.0.2"));
}

TEST_P(VethVersionTest, SecondAddIsRefusedAndLeavesTheLiveAttachment) {
  const json network = ptp_network(GetParam());
  attach(network);
  const auto before = dump();

  const Answer again = run("ADD", network);

  EXPECT_TRUE(is_error(again, 4, "CNI_IFNAME"));
  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(VethVersionTest, DelLeavesNothing) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  const json result = attach(network);

  detach(with_previous(network, result));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(VethVersionTest, DelWithoutPreviousResultLeavesNothing) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  attach(network);

  detach(network);

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(VethVersionTest, SecondDelSucceeds) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  const json result = attach(network);
  detach(with_previous(network, result));

  detach(with_previous(network, result));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(VethVersionTest, DelWithoutNamespaceLeavesNothing) {
  const json network = warm_network(GetParam());
  const auto before = dump();
  const json result = attach(network);

  detach(with_previous(network, result), {.ns = ""});

  EXPECT_TRUE(is_unchanged(before));
}

INSTANTIATE_TEST_SUITE_P(Cni, VethVersionTest, testing::ValuesIn(cni_versions()), name_of_version);

class VethCheckVersionTest : public VethTest, public testing::WithParamInterface<std::string> {};

TEST_P(VethCheckVersionTest, CheckAcceptsWhatAddMade) {
  json network = ptp_network(GetParam());
  network["ipMasq"] = true;
  const json result = attach(network);

  EXPECT_NO_THROW(check(with_previous(network, result)));
}

INSTANTIATE_TEST_SUITE_P(
    Cni, VethCheckVersionTest, testing::ValuesIn(cni_versions_since("0.4.0")), name_of_version);

TEST_F(VethTest, OnlyTheGatewayIsOnTheLink) {
  attach(ptp_network());

  const auto routes = shell_in("c1", "ip route");

  EXPECT_NE(routes.find("10.1.0.1 dev eth0 scope link src 10.1.0.2"), std::string::npos) << routes;
  EXPECT_NE(routes.find("10.1.0.0/24 via 10.1.0.1 dev eth0 src 10.1.0.2"), std::string::npos)
      << routes;
  EXPECT_EQ(routes.find("proto kernel"), std::string::npos) << routes;
}

TEST_F(VethTest, DualStackConnectsAtOnce) {
  json network = ptp_network();
  network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});

  const json result = attach(network);

  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_TRUE(ping("c1", "fd00:1::1"));
  EXPECT_TRUE(ping("", "fd00:1::2"));
  EXPECT_NO_THROW(check(with_previous(network, result)));
}

TEST_F(VethTest, ContainersReachEachOtherThroughTheHost) {
  make_namespace("c2");
  attach(ptp_network());
  attach(ptp_network(), container_called("c2"));

  EXPECT_TRUE(ping("c1", "10.1.0.3"));
}

TEST_F(VethTest, DelOfOneLeavesTheGatewayOfTheOther) {
  make_namespace("c2");
  attach(ptp_network());
  attach(ptp_network(), container_called("c2"));

  detach(ptp_network());

  EXPECT_TRUE(ping("c2", "10.1.0.1"));
}

TEST_F(VethTest, MtuIsSetOnBothEnds) {
  json network = ptp_network();
  network["mtu"] = 1300;

  const json result = attach(network);

  for (const auto& interface : result.at("interfaces")) {
    EXPECT_EQ(interface.at("mtu"), 1300);
  }
}

TEST_F(VethTest, HostEndHasNoIpv6WhenTheContainerHasNone) {
  const json result = attach(ptp_network());

  EXPECT_EQ(ipv6_of(name_of_host_end(result)), "");
}

TEST_F(VethTest, HostEndHasALinkLocalAddressWhenTheContainerHasIpv6) {
  json network = ptp_network();
  network["ipam"] = host_local({"10.1.0.0/24", "fd00:1::/64"});

  const json result = attach(network);

  EXPECT_NE(ipv6_of(name_of_host_end(result)).find("fe80::"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::test
