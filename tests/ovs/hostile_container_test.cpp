// The same as tests/e2e/hostile_container_test.cpp, for ovs.

#include "e2e/hostile_container.h"

#include "ovs/switch_test.h"

namespace patchbay::test {
namespace {

class OvsHostileContainerTest : public HostileContainerTest<SwitchTest> {
 protected:
  [[nodiscard]] json config() const override {
    return network(R"({"ipMasq": true, "macspoofchk": true, "isGateway": true})");
  }
  [[nodiscard]] std::string host() const override { return everything(); }
};

TEST_P(OvsHostileContainerTest, TouchesNothingOfOthers) {
  withstand_every_command();
}

INSTANTIATE_TEST_SUITE_P(
    Attacks, OvsHostileContainerTest, testing::ValuesIn(attacks()), name_of_attack);

}  // namespace
}  // namespace patchbay::test
