#include "e2e/golden.h"
#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

json loopback(const std::string& version) {
  return {{"cniVersion", version}, {"name", "lo"}, {"type", "loopback"}};
}

class LoopbackTest : public PluginTest, public testing::WithParamInterface<std::string> {
 protected:
  static bool is_up() {
    return shell_in("c1", "ip link show lo").find("LOOPBACK,UP") != std::string::npos;
  }
};

TEST_P(LoopbackTest, AddGivesTheGoldenResult) {
  const json result = attach(loopback(GetParam()));

  EXPECT_EQ(difference_to_golden("loopback-" + GetParam(), result), "");
}

TEST_P(LoopbackTest, AddMakesLoAnswer) {
  attach(loopback(GetParam()));

  EXPECT_TRUE(ping("c1", "127.0.0.1"));
  EXPECT_TRUE(ping("c1", "::1"));
}

TEST_P(LoopbackTest, SecondAddSucceeds) {
  const json first = attach(loopback(GetParam()));

  EXPECT_EQ(attach(loopback(GetParam())), first);
}

TEST_P(LoopbackTest, DelSetsLoDown) {
  attach(loopback(GetParam()));

  detach(loopback(GetParam()));

  EXPECT_FALSE(is_up());
}

TEST_P(LoopbackTest, SecondDelSucceeds) {
  attach(loopback(GetParam()));
  detach(loopback(GetParam()));

  EXPECT_NO_THROW(detach(loopback(GetParam())));
}

TEST_P(LoopbackTest, DelWithoutNamespaceSucceeds) {
  const auto before = dump();

  EXPECT_NO_THROW(detach(loopback(GetParam()), {.ns = ""}));
  EXPECT_NO_THROW(detach(loopback(GetParam()), {.ns = "/run/netns/gone"}));
  EXPECT_TRUE(is_unchanged(before));
}

INSTANTIATE_TEST_SUITE_P(Cni, LoopbackTest, testing::ValuesIn(cni_versions()), name_of_version);

class LoopbackCheckTest : public LoopbackTest {};

TEST_P(LoopbackCheckTest, AcceptsWhatAddMade) {
  const json result = attach(loopback(GetParam()));

  EXPECT_NO_THROW(check(with_previous(loopback(GetParam()), result)));
}

TEST_P(LoopbackCheckTest, NoticesLoDown) {
  const json result = attach(loopback(GetParam()));
  shell_in("c1", "ip link set lo down");

  EXPECT_TRUE(is_error(run("CHECK", with_previous(loopback(GetParam()), result)), 103, "'lo'"));
}

TEST_P(LoopbackCheckTest, NoticesTheAddressMissing) {
  const json result = attach(loopback(GetParam()));
  shell_in("c1", "ip addr flush dev lo");

  EXPECT_TRUE(is_error(run("CHECK", with_previous(loopback(GetParam()), result)), 103, "'lo'"));
}

INSTANTIATE_TEST_SUITE_P(
    Cni, LoopbackCheckTest, testing::ValuesIn(cni_versions_since("0.4.0")), name_of_version);

class LoopbackChainTest : public PluginTest {};

TEST_F(LoopbackChainTest, PreviousResultIsPassedOn) {
  const json previous{
      {"cniVersion", "1.1.0"},
      {"interfaces", {{{"name", "eth0"}, {"sandbox", "/run/netns/c1"}}}},
      {"ips", {{{"address", "10.9.0.2/24"}, {"interface", 0}}}}};

  EXPECT_EQ(attach(with_previous(loopback("1.1.0"), previous)), previous);
}

TEST_F(LoopbackChainTest, ForeignAddressOnLoIsRefused) {
  shell_in("c1", "ip addr add 10.9.0.1/32 dev lo");

  EXPECT_TRUE(is_error(run("ADD", loopback("1.1.0")), 7, "10.9.0.1/32"));
}

TEST_F(LoopbackChainTest, GcAndStatusSucceed) {
  EXPECT_TRUE(is_success(run("STATUS", loopback("1.1.0"))));
  EXPECT_TRUE(is_success(run("GC", loopback("1.1.0"))));
}

}  // namespace
}  // namespace patchbay::test
