// The conflists of conf/ for Open vSwitch work as they stand, called by `patchbay`.

#include <gtest/gtest.h>

#include "ovs/switch_test.h"

namespace patchbay::test {
namespace {

class OvsConfTest : public SwitchTest, public testing::WithParamInterface<std::string> {};

Answer patchbay(const std::vector<std::string>& arguments) {
  return run_plugin(
      {.plugin = "patchbay",
       .command = "",
       .container_id = "",
       .ifname = "",
       .extra_env = {{"NETCONFPATH", source_directory() + "/conf"}},
       .arguments = arguments},
      "");
}

TEST_P(OvsConfTest, AttachesChecksAndDetaches) {
  const std::string bridge = "ovs-" + GetParam();
  const std::string name = "patchbay-" + bridge;
  // In user space, as the kernel may have no datapath.
  shell(
      "ovs-vsctl --timeout=20 add-br " + bridge + " -- set Bridge " + bridge +
      " datapath_type=netdev");

  EXPECT_TRUE(
      is_success(patchbay({"validate", source_directory() + "/conf/" + bridge + ".conflist"})));
  EXPECT_TRUE(is_success(patchbay({"add", name, "c1"})));
  EXPECT_TRUE(is_success(patchbay({"check", name, "c1"})));
  EXPECT_TRUE(is_success(patchbay({"del", name, "c1"})));

  EXPECT_EQ(count_leases(name), 0U);
}

INSTANTIATE_TEST_SUITE_P(Conf, OvsConfTest, testing::Values("access", "trunk"), name_of_text);

}  // namespace
}  // namespace patchbay::test
