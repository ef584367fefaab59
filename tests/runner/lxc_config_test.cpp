#include <gtest/gtest.h>

#include "patchbay/lxc_hook.h"
#include "support/temp_directory.h"

namespace patchbay::runner {
namespace {

using test::write_file;

TEST(NetworkChoiceTest, WordsNameNetworksAndInterfaces) {
  const std::vector<NetworkChoice> expected{{"a", "eth0"}, {"b", "lan"}, {"c", "eth2"}};

  EXPECT_EQ(parse_choices("a, b:lan\n# d\nc # e\n"), expected);
  EXPECT_TRUE(parse_choices(" \n#\n").empty());
}

class LxcConfigTest : public testing::Test {
 protected:
  [[nodiscard]] std::string value() const {
    return environment_in_lxc_config(directory.path("config"), "PATCHBAY_NETWORKS");
  }

  test::TempDirectory directory;
};

TEST_F(LxcConfigTest, LastValueWins) {
  write_file(
      directory.path("config"),
      "# lxc.environment = PATCHBAY_NETWORKS=no\n"
      "lxc.environment = PATCHBAY_NETWORKS=a\n"
      "lxc.environment=PATCHBAY_NETWORKS=b c\n"
      "lxc.environment = PATCHBAY_NETWORKS_OTHER=d\n");

  EXPECT_EQ(value(), "b c");
}

TEST_F(LxcConfigTest, IncludedFilesCount) {
  write_file(directory.path("config"), "lxc.include = " + directory.path("more.conf") + "\n");
  write_file(directory.path("more.conf"), "lxc.environment = PATCHBAY_NETWORKS=a\n");

  EXPECT_EQ(value(), "a");
}

TEST_F(LxcConfigTest, IncludesThatTurnInCirclesEnd) {
  write_file(
      directory.path("config"),
      "lxc.environment = PATCHBAY_NETWORKS=a\nlxc.include = " + directory.path("config") + "\n");

  EXPECT_EQ(value(), "a");
}

TEST_F(LxcConfigTest, NoValueIsEmpty) {
  EXPECT_EQ(value(), "");
}

}  // namespace
}  // namespace patchbay::runner
