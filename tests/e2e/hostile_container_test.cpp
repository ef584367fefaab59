// Whatever a container does in its own namespace, nothing of the host's or of another container's
// is touched: bridge and veth.

#include "e2e/hostile_container.h"

namespace patchbay::test {
namespace {

class BridgeHostileContainerTest : public HostileContainerTest<PluginTest> {
 protected:
  [[nodiscard]] json config() const override {
    json network = bridge_network();
    network.update({{"ipMasq", true}, {"macspoofchk", true}});
    return network;
  }
};

TEST_P(BridgeHostileContainerTest, TouchesNothingOfOthers) {
  withstand_every_command();
}

INSTANTIATE_TEST_SUITE_P(
    Attacks, BridgeHostileContainerTest, testing::ValuesIn(attacks()), name_of_attack);

class VethHostileContainerTest : public HostileContainerTest<PluginTest> {
 protected:
  [[nodiscard]] json config() const override {
    json network = ptp_network();
    network.update({{"type", "veth"}, {"ipMasq", true}});
    return network;
  }
};

TEST_P(VethHostileContainerTest, TouchesNothingOfOthers) {
  withstand_every_command();
}

INSTANTIATE_TEST_SUITE_P(
    Attacks, VethHostileContainerTest, testing::ValuesIn(attacks()), name_of_attack);

}  // namespace
}  // namespace patchbay::test
