#include <set>

#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

constexpr int kContainers = 100;

class ConcurrencyTest : public PluginTest, public testing::WithParamInterface<std::string> {
 protected:
  static json network() {
    json network = GetParam() == "bridge" ? bridge_network() : ptp_network();
    network["ipMasq"] = true;
    network["macspoofchk"] = true;
    return network;
  }

  static std::vector<Answer> run_all(
      const std::string& command, const std::vector<Container>& containers) {
    std::vector<RunningPlugin> running;
    for (const auto& container : containers) {
      running.emplace_back(call(command, network(), container), network().dump());
    }
    std::vector<Answer> answers;
    for (auto& plugin : running) {
      answers.push_back(plugin.finish());
    }
    return answers;
  }
};

/// The first ADDs find neither bridge nor nftables table.
TEST_P(ConcurrencyTest, HundredAddsGetHundredAddressesAndHundredDelsLeaveNothing) {
  std::vector<Container> containers;
  for (int i = 0; i < kContainers; ++i) {
    containers.push_back(container_called("many" + std::to_string(i)));
    make_namespace(containers.back().id);
  }

  std::set<std::string> addresses;
  for (const auto& answer : run_all("ADD", containers)) {
    ASSERT_TRUE(is_success(answer));
    addresses.insert(answer.json().at("ips").at(0).at("address"));
  }

  EXPECT_EQ(addresses.size(), kContainers);
  EXPECT_EQ(count_leases(), kContainers);
  EXPECT_TRUE(ping("many0", "10.1.0.1"));
  EXPECT_TRUE(ping("many99", "10.1.0.1"));

  for (const auto& answer : run_all("DEL", containers)) {
    EXPECT_TRUE(is_success(answer));
  }

  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(shell("ip link").find("veth"), std::string::npos);
  EXPECT_EQ(shell("nft list ruleset").find("comment"), std::string::npos);
}

/// Two may stand in each other's way, one holding the name and the other the lease: both then fail.
TEST_P(ConcurrencyTest, AtMostOneOfManyAddsOfOneInterfaceWins) {
  const std::vector<Container> same(10);

  std::size_t winners = 0;
  for (const auto& answer : run_all("ADD", same)) {
    winners += answer.ok() ? 1U : 0U;
  }

  EXPECT_LE(winners, 1U);
  EXPECT_EQ(count_leases(), winners);
  EXPECT_EQ(ping("c1", "10.1.0.1"), winners == 1);
}

TEST_P(ConcurrencyTest, ManyDelsOfOneInterfaceSucceed) {
  attach(network());

  for (const auto& answer : run_all("DEL", std::vector<Container>(10))) {
    EXPECT_TRUE(is_success(answer));
  }

  EXPECT_EQ(count_leases(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Plugins, ConcurrencyTest, testing::Values("bridge", "ptp"), name_of_text);

}  // namespace
}  // namespace patchbay::test
