// Every conflist of conf/ works as it stands.

#include <algorithm>
#include <filesystem>

#include "runner/runner_host.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

const std::string kConf = source_directory() + "/conf";

/// The conflists of conf/, relative to it, without those for Open vSwitch, which tests/ovs runs.
std::vector<std::string> conflists() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{kConf}) {
    const std::string file = std::filesystem::relative(entry.path(), kConf);
    if (entry.path().extension() == ".conflist" && file.rfind("ovs", 0) != 0) {
      files.push_back(file);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.rfind('.'));
  std::replace_if(
      name.begin(),
      name.end(),
      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; },
      '0');
  return name;
}

class ConfTest : public RunnerTest, public testing::WithParamInterface<std::string> {};

TEST_P(ConfTest, AttachesChecksAndDetaches) {
  const std::string file = kConf + "/" + GetParam();
  if (file.find("vlan") != std::string::npos &&
      try_shell("ip link add probe type bridge vlan_filtering 1 && ip link delete probe").status !=
          0) {
    GTEST_SKIP() << "this kernel has no VLAN filtering";
  }
  const auto place = std::filesystem::path{file}.parent_path().string();
  const auto networks = run({"networks", "-o", "json", "--conf-dir", place}).json();
  const auto found = std::find_if(networks.begin(), networks.end(), [&](const json& network) {
    return network["file"] == file;
  });
  ASSERT_NE(found, networks.end());
  const std::string name = (*found)["network"];
  const std::vector<std::string> there{name, "c1", "--conf-dir", place};
  const auto with = [&](const std::string& command) {
    std::vector<std::string> arguments{command};
    arguments.insert(arguments.end(), there.begin(), there.end());
    return run(arguments);
  };

  EXPECT_TRUE(succeeds(run({"validate", file})));
  EXPECT_TRUE(succeeds(with("add")));
  EXPECT_TRUE(succeeds(with("check")));
  EXPECT_TRUE(succeeds(with("del")));

  EXPECT_EQ(count_leases(name), 0U);
  EXPECT_TRUE(cache_entries().empty());
}

INSTANTIATE_TEST_SUITE_P(Conf, ConfTest, testing::ValuesIn(conflists()), test_name);

}  // namespace
}  // namespace patchbay::test
