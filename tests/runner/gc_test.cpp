// patchbay gc.

#include "runner/runner_host.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

class RunnerGcTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      make_plugin("one");
      write_network("net1", {{{"type", "one"}}});
      write_network("net2", {{{"type", "one"}}});
      run({"add", "net1", "c1", "--container-id", "c1"});
      run({"add", "net1", "c2", "--container-id", "c2"});
      run({"add", "net2", "c2", "--container-id", "c2"});
      take_calls();
    }
  }
};

TEST_F(RunnerGcTest, AsksForAllRatherThanDetachingEverything) {
  EXPECT_TRUE(fails(run({"gc", "net1"}), "say --all", 2));
  EXPECT_TRUE(fails(run({"gc", "net1", "--all", "--keep", "c1/eth0"}), "exclude each other", 2));
  EXPECT_TRUE(fails(run({"gc", "net1", "--keep", "c1"}), "must be ID/IFNAME", 2));

  EXPECT_EQ(take_calls(), "");
  EXPECT_EQ(cache_entries().size(), 3U);
}

TEST_F(RunnerGcTest, DetachesWhatIsNotKeptInThisNetworkOnly) {
  EXPECT_TRUE(succeeds(run({"gc", "net1", "--keep", "c1/eth0", "--keep", "c9/eth0"})));

  EXPECT_EQ(take_calls(), "one DEL, one GC");
  EXPECT_EQ(cache_entries(), (std::set<std::string>{"net1-c1-eth0", "net2-c2-eth0"}));
  EXPECT_EQ(
      input_of("one", "GC")["cni.dev/valid-attachments"],
      json::parse(
          R"([{"containerID":"c1","ifname":"eth0"},{"containerID":"c9","ifname":"eth0"}])"));
}

TEST_F(RunnerGcTest, AllKeepsNothing) {
  EXPECT_TRUE(succeeds(run({"gc", "net1", "--all"})));

  EXPECT_EQ(cache_entries(), std::set<std::string>{"net2-c2-eth0"});
  EXPECT_EQ(input_of("one", "GC")["cni.dev/valid-attachments"], json::array());
}

TEST_F(RunnerGcTest, GoesOnPastFailuresAndReportsAll) {
  make_plugin("one", "echo '{\"code\": 42, \"msg\": \"no luck\"}'; exit 1");

  const auto answer = run({"gc", "net1", "--all"});

  EXPECT_TRUE(fails(answer, "c1/eth0: network 'net1': plugin 'one' (DEL): no luck"));
  EXPECT_TRUE(fails(answer, "c2/eth0: network 'net1': plugin 'one' (DEL): no luck"));
  EXPECT_TRUE(fails(answer, "plugin 'one' (GC): no luck"));
  EXPECT_EQ(cache_entries().size(), 3U);
}

TEST_F(RunnerGcTest, UnreadableEntryIsReportedAndDoesNotHinder) {
  write_file("/var/lib/cni/results/net1-c1-eth0", "{");

  EXPECT_TRUE(fails(run({"gc", "net1", "--all"}), "/results/net1-c1-eth0: cache entry: not JSON"));

  EXPECT_EQ(take_calls(), "one DEL, one GC");
  EXPECT_EQ(cache_entries(), (std::set<std::string>{"net1-c1-eth0", "net2-c2-eth0"}));
}

TEST_F(RunnerGcTest, CanBeDisabled) {
  write_network("net1", {{{"type", "one"}}}, {{"disableGC", true}});

  EXPECT_TRUE(fails(run({"gc", "net1", "--all"}), "has disabled GC", 0));

  EXPECT_EQ(take_calls(), "");
  EXPECT_EQ(cache_entries().size(), 3U);
}

TEST_F(RunnerGcTest, OldVersionsAreDetachedWithoutGc) {
  write_network("net1", {{{"type", "one"}}}, {{"cniVersion", "1.0.0"}});

  EXPECT_TRUE(succeeds(run({"gc", "net1", "--keep", "c2/eth0"})));

  EXPECT_EQ(take_calls(), "one DEL");
}

TEST_F(RunnerGcTest, WaitsForAnAddThatIsUnderWay) {
  make_plugin("one", "if [ $CNI_COMMAND = ADD ]; then echo > /run/begun; sleep 0.4; fi");
  RunningPlugin adding = start({"add", "net1", "c1", "--container-id", "c3", "-i", "eth3"});
  ASSERT_TRUE(await([] { return try_shell("test -e /run/begun").status == 0; }));

  EXPECT_TRUE(
      fails(run({"gc", "net1", "--all", "--timeout", "0.05"}), "another process is working on"));
  EXPECT_TRUE(succeeds(run({"gc", "net1", "--all"})));

  EXPECT_TRUE(succeeds(adding.finish()));
  EXPECT_EQ(cache_entries(), std::set<std::string>{"net2-c2-eth0"});
}

}  // namespace
}  // namespace patchbay::test
