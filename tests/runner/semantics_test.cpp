// The list semantics of libcni, seen by plugins that note what they get.

#include <filesystem>

#include "runner/runner_host.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

class RunnerSemanticsTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      make_plugin("one");
      make_plugin(
          "two",
          "if [ $CNI_COMMAND = ADD ]; then echo '{\"cniVersion\": \"1.1.0\", \"big\": "
          "9007199254740993}'; exit; fi");
    }
  }
  static json both() { return {{{"type", "one"}}, {{"type", "two"}}}; }
};

TEST_F(RunnerSemanticsTest, PluginsRunInTurnAndInReverse) {
  write_network("net1", both());

  EXPECT_TRUE(succeeds(run({"add", "net1", "c1"})));
  EXPECT_EQ(take_calls(), "one ADD, two ADD");
  EXPECT_TRUE(succeeds(run({"check", "net1", "c1"})));
  EXPECT_EQ(take_calls(), "one CHECK, two CHECK");
  EXPECT_TRUE(succeeds(run({"status", "net1"})));
  EXPECT_EQ(take_calls(), "one STATUS, two STATUS");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
  EXPECT_EQ(take_calls(), "two DEL, one DEL");
}

TEST_F(RunnerSemanticsTest, ResultsAreHandedOnAndIntegersStayIntegers) {
  write_network("net1", both());

  run({"add", "net1", "c1"});
  run({"del", "net1", "c1"});

  EXPECT_FALSE(input_of("one", "ADD").contains("prevResult"));
  EXPECT_EQ(input_of("two", "ADD")["prevResult"], json::parse(R"({"cniVersion":"1.1.0"})"));
  EXPECT_EQ(input_of("one", "DEL")["prevResult"]["big"], 9007199254740993);
}

TEST_F(RunnerSemanticsTest, OldVersionsGetNoPreviousResultForDel) {
  write_network("net1", {{{"type", "one"}}}, {{"cniVersion", "0.3.1"}});

  run({"add", "net1", "c1"});
  EXPECT_TRUE(fails(run({"check", "net1", "c1"}), "'0.3.1' does not support CHECK"));
  EXPECT_TRUE(succeeds(run({"status", "net1"})));
  run({"del", "net1", "c1"});

  EXPECT_EQ(take_calls(), "one ADD, one DEL");
  EXPECT_FALSE(input_of("one", "DEL").contains("prevResult"));
}

TEST_F(RunnerSemanticsTest, NewestVersionOfTheListIsSent) {
  write_network(
      "net1",
      {{{"type", "one"}}},
      json::parse(R"({"cniVersion":"0.4.0","cniVersions":["1.0.0","3.0.0"]})"));

  run({"add", "net1", "c1"});

  EXPECT_EQ(input_of("one", "ADD")["cniVersion"], "1.0.0");
}

TEST_F(RunnerSemanticsTest, CapabilitiesAndArgumentsReachThePluginAndItsDel) {
  write_network("net1", {{{"type", "one"}, {"capabilities", {{"mac", true}}}}});
  make_plugin("one", "echo $CNI_ARGS > /run/args-$CNI_COMMAND");

  run(
      {"add",
       "net1",
       "c1",
       "--cap",
       R"({"mac": "m", "other": 1})",
       "--args",
       "A=1",
       "--args",
       "B=2;C=3"});
  run({"del", "net1", "c1"});

  EXPECT_EQ(input_of("one", "ADD")["runtimeConfig"], json::parse(R"({"mac":"m"})"));
  EXPECT_EQ(input_of("one", "DEL")["runtimeConfig"], json::parse(R"({"mac":"m"})"));
  EXPECT_EQ(contents_of("/run/args-ADD"), "A=1;B=2;C=3\n");
  EXPECT_EQ(contents_of("/run/args-DEL"), "A=1;B=2;C=3\n");
}

TEST_F(RunnerSemanticsTest, WrongArgumentsAreRefused) {
  write_network("net1", both());

  EXPECT_TRUE(fails(run({"add", "net1", "c1", "--args", "A"}), "CNI_ARGS: 'A' must be K=V"));
  EXPECT_TRUE(fails(run({"add", "net1", "c1", "--cap", "[]"}), "CAP_ARGS: [] must be an object"));
  EXPECT_EQ(take_calls(), "");
}

TEST_F(RunnerSemanticsTest, CheckCanBeDisabled) {
  write_network("net1", both(), {{"disableCheck", true}});
  run({"add", "net1", "c1"});
  take_calls();

  EXPECT_TRUE(fails(run({"check", "net1", "c1"}), "has disabled CHECK", 0));

  EXPECT_EQ(take_calls(), "");
}

TEST_F(RunnerSemanticsTest, CheckOfWhatWasNeverAttachedFails) {
  write_network("net1", both());

  EXPECT_TRUE(fails(run({"check", "net1", "c1"}), "no result of an ADD"));
}

TEST_F(RunnerSemanticsTest, SinglePluginIsANetwork) {
  write_file("/run/net.d/old.conf", R"({"cniVersion":"0.4.0","name":"old","type":"one"})");

  EXPECT_TRUE(succeeds(run({"add", "old", "c1"})));
  std::filesystem::remove("/run/net.d/old.conf");
  EXPECT_TRUE(succeeds(run({"del", "old", "c1"})));

  EXPECT_EQ(take_calls(), "one ADD, one DEL");
}

TEST_F(RunnerSemanticsTest, PluginsInFilesOfTheirOwnAreDetachedWhenTheFilesAreGone) {
  std::filesystem::create_directory("/run/net.d/net1");
  write_file("/run/net.d/net1/10.conf", R"({"type":"two"})");
  write_network("net1", {{{"type", "one"}}});

  EXPECT_TRUE(succeeds(run({"add", "net1", "c1"})));
  std::filesystem::remove_all("/run/net.d/net1");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  EXPECT_EQ(take_calls(), "one ADD, two ADD, two DEL, one DEL");
}

TEST_F(RunnerSemanticsTest, PluginsInFilesThatCameAfterwardsDoNotCount) {
  write_network("net1", {{{"type", "one"}}});
  ASSERT_TRUE(succeeds(run({"add", "net1", "c1"})));
  std::filesystem::create_directory("/run/net.d/net1");
  write_file("/run/net.d/net1/10.conf", R"({"type":"two"})");

  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  EXPECT_EQ(take_calls(), "one ADD, one DEL");
}

TEST_F(RunnerSemanticsTest, BrokenFolderDoesNotHinderDelOfLibcnisEntries) {
  std::filesystem::create_directories("/run/net.d/net1");
  write_file("/run/net.d/net1/10.conf", "{");
  std::filesystem::create_directories("/var/lib/cni/results");
  const json entry{
      {"kind", "cniCacheV1"},
      {"containerId", "c"},
      {"ifName", "eth0"},
      {"networkName", "net1"},
      {"config", "eyJuYW1lIjoibmV0MSIsInBsdWdpbnMiOlt7InR5cGUiOiJvbmUifV19"}};
  write_file("/var/lib/cni/results/net1-c-eth0", entry.dump());

  EXPECT_TRUE(succeeds(run({"del", "net1", "c1", "--container-id", "c"})));

  EXPECT_EQ(take_calls(), "one DEL");
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerSemanticsTest, NetworksAreListed) {
  write_network("net1", both());

  const auto networks = run({"networks", "-o", "json"}).json();

  EXPECT_EQ(
      networks, json::parse(R"([{"network":"net1","cniVersion":"1.1.0","plugins":["one","two"],
                       "file":"/run/net.d/net1.conflist"}])"));
}

TEST_F(RunnerSemanticsTest, StatusIsThePluginsWithItsCode) {
  make_plugin(
      "two",
      "if [ $CNI_COMMAND = STATUS ]; then echo '{\"code\": 50, \"msg\": \"full\"}'; exit 1; fi");
  write_network("net1", both());

  const auto answer = run({"status", "net1", "-o", "json"});

  EXPECT_TRUE(fails(answer, "plugin 'two' (STATUS): full"));
  EXPECT_EQ(answer.code(), 50U);
}

}  // namespace
}  // namespace patchbay::test
