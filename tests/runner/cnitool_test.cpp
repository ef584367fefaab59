// The same executable under the name cnitool.

#include <filesystem>

#include "runner/runner_host.h"

namespace patchbay::test {
namespace {

class CnitoolTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      std::filesystem::create_symlink(plugin_directory() + "/patchbay", "/run/cnitool");
      write_network("net1", json::array({bridge()}));
    }
  }
  static Answer cnitool(
      const std::vector<std::string>& arguments,
      const std::map<std::string, std::string>& environment = {}) {
    Call cnitool_call = call(arguments);
    cnitool_call.plugin = "/run/cnitool";
    cnitool_call.extra_env.insert(environment.begin(), environment.end());
    return run_plugin(cnitool_call, "");
  }
};

TEST_F(CnitoolTest, PrintsTheResultAndDerivesTheContainerId) {
  const auto added = cnitool({"add", "net1", "/run/netns/../netns/c1"});

  EXPECT_EQ(added.json()["ips"][0]["address"], "10.1.0.2/24");
  EXPECT_EQ(cache_entries(), std::set<std::string>{"net1-cnitool-20b4ff582526573bbe7d-eth0"});
  EXPECT_TRUE(succeeds(cnitool({"check", "net1", "/run/netns/c1"})));
  EXPECT_TRUE(succeeds(cnitool({"status", "net1", "/run/netns/c1"})));
  EXPECT_TRUE(succeeds(cnitool({"del", "net1", "/run/netns/c1"})));
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(CnitoolTest, TakesOverFromPatchbayAndBack) {
  run({"add", "net1", "c1"});
  EXPECT_TRUE(succeeds(cnitool({"del", "net1", "/run/netns/c1"})));
  cnitool({"add", "net1", "/run/netns/c1"});
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(CnitoolTest, ReadsItsEnvironment) {
  make_plugin("one", "echo $CNI_IFNAME $CNI_ARGS > /run/seen");
  write_network("net2", {{{"type", "one"}, {"capabilities", {{"mac", true}}}}});

  cnitool(
      {"add", "net2", "/run/netns/c1"},
      {{"CNI_IFNAME", "lan"}, {"CNI_ARGS", "A=1;B=2"}, {"CAP_ARGS", R"({"mac":"m"})"}});

  EXPECT_EQ(shell("cat /run/seen"), "lan A=1;B=2\n");
  EXPECT_EQ(input_of("one", "ADD")["runtimeConfig"]["mac"], "m");
}

TEST_F(CnitoolTest, FailsWithStatusOneAndTheReasonOnStderr) {
  const auto answer = cnitool({"add", "none", "/run/netns/c1"});

  EXPECT_TRUE(fails(answer, "no network 'none'"));
  EXPECT_EQ(answer.output, "");
}

TEST_F(CnitoolTest, GcDetachesEverythingAndListsNothing) {
  make_plugin("one");
  write_network("net2", {{{"type", "one"}}});
  cnitool({"add", "net2", "/run/netns/c1"});

  EXPECT_TRUE(succeeds(cnitool({"gc", "net2", "/run/netns/c1"})));

  EXPECT_TRUE(cache_entries().empty());
  EXPECT_FALSE(input_of("one", "GC").contains("cni.dev/valid-attachments"));
}

}  // namespace
}  // namespace patchbay::test
