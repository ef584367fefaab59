// patchbay add, check, del and list with the plugins of the suite.

#include <csignal>
#include <filesystem>

#include "runner/runner_host.h"
#include "support/dump.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

class AddDelTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      write_network("net1", json::array({bridge()}));
      // The bridge stays when the last attachment goes, and so do the directories.
      run({"add", "net1", "c2"});
      run({"del", "net1", "c2"});
    }
  }
};

TEST_F(AddDelTest, AttachesChecksAndDetachesWithoutTrace) {
  const std::string before = dump();

  const auto added = run({"add", "net1", "c1"});

  EXPECT_TRUE(succeeds(added));
  EXPECT_NE(added.output.find("10.1.0.3/24 via 10.1.0.1"), std::string::npos) << added.output;
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_TRUE(succeeds(run({"check", "net1", "c1"})));
  EXPECT_TRUE(succeeds(run({"status", "net1"})));
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
  EXPECT_TRUE(cache_entries().empty());
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(AddDelTest, JsonIsTheResult) {
  const auto added = run({"add", "net1", "c1", "-o", "json", "--ifname", "lan"});

  const json result = added.json();
  EXPECT_EQ(result["cniVersion"], "1.1.0");
  EXPECT_EQ(result["interfaces"][2]["name"], "lan");
  EXPECT_EQ(result["ips"][0]["address"], "10.1.0.3/24");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1", "-i", "lan"})));
}

TEST_F(AddDelTest, ListShowsTheAttachments) {
  run({"add", "net1", "c1", "--container-id", "first"});

  const auto listed = run({"list", "-o", "json"}).json();

  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["network"], "net1");
  EXPECT_EQ(listed[0]["containerID"], "first");
  EXPECT_EQ(listed[0]["ifname"], "eth0");
  EXPECT_EQ(listed[0]["netns"], "/run/netns/c1");
  EXPECT_EQ(listed[0]["addresses"], json::array({"10.1.0.3/24"}));
  EXPECT_NE(run({"list"}).output.find("net1     first      eth0"), std::string::npos);
}

TEST_F(AddDelTest, SecondAddIsRefusedAndTouchesNothing) {
  run({"add", "net1", "c1"});
  const std::string before = dump();

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "is attached already, in '/run/netns/c1'"));

  EXPECT_TRUE(is_unchanged(before));
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
}

TEST_F(AddDelTest, AddOverAnInterfaceThatSomebodyElseMadeLeavesItAlone) {
  run({"add", "net1", "c1", "--cache-dir", "/run/other"});
  const std::string before = dump();

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "eth0"));

  EXPECT_TRUE(is_unchanged(before));
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(AddDelTest, OneOfManyAddsForOneInterfaceWins) {
  std::vector<RunningPlugin> running;
  for (int i = 0; i < 10; ++i) {
    running.push_back(start({"add", "net1", "c1"}));
  }

  int winners = 0;
  for (auto& one : running) {
    winners += one.finish().ok() ? 1 : 0;
  }

  EXPECT_EQ(winners, 1);
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  EXPECT_EQ(count_leases("net1"), 1U);
}

TEST_F(AddDelTest, DelIsRepeatable) {
  run({"add", "net1", "c1"});

  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
}

TEST_F(AddDelTest, DelWithoutTheNamespaceFreesEverything) {
  run({"add", "net1", "c1"});
  destroy_namespace("c1");

  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(AddDelTest, AddInANewNamespaceOfTheSameNameDetachesWhatIsLeftOver) {
  run({"add", "net1", "c1"});
  destroy_namespace("c1");
  make_namespace("c1");

  const auto added = run({"add", "net1", "c1"});

  EXPECT_TRUE(fails(added, "is left over from a namespace that is gone", 0));
  EXPECT_EQ(count_leases("net1"), 1U);
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
}

TEST_F(AddDelTest, DelUsesTheConfigurationOfTheAdd) {
  run({"add", "net1", "c1"});
  json other = bridge();
  other["ipam"]["dataDir"] = "/run/elsewhere";
  write_network("net1", json::array({other}));

  EXPECT_TRUE(succeeds(run({"check", "net1", "c1"})));
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(AddDelTest, DelWorksWhenTheConflistIsGoneOrBroken) {
  run({"add", "net1", "c1"});
  run({"add", "net1", "c2"});
  write_file("/run/net.d/net1.conflist", "{");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  std::filesystem::remove_all("/run/net.d");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c2"})));

  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(AddDelTest, ProcessStandsForItsNamespace) {
  const auto sleeper = try_shell("nsenter --net=/run/netns/c1 sleep 100 >/dev/null 2>&1 & echo $!");
  const std::string pid = sleeper.output.substr(0, sleeper.output.find('\n'));
  ASSERT_TRUE(await([&] {
    return try_shell(
               "cmp /proc/" + pid + "/ns/net /run/netns/c1 || [ /proc/" + pid +
               "/ns/net -ef /run/netns/c1 ]")
               .status == 0;
  }));

  EXPECT_TRUE(succeeds(run({"add", "net1", "pid:" + pid})));
  EXPECT_TRUE(ping("c1", "10.1.0.1"));
  ::kill(std::stoi(pid), SIGKILL);
  EXPECT_TRUE(succeeds(run({"del", "net1", "pid:" + pid})));

  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(AddDelTest, CorruptCacheEntryDoesNotKeepAnAttachmentFromBeingDetached) {
  run({"add", "net1", "c1"});
  const std::string entry = "/var/lib/cni/results/" + *cache_entries().begin();
  write_file(entry, "{\"kind\"");

  EXPECT_TRUE(fails(run({"list"}), entry + ": cache entry: not JSON"));
  EXPECT_TRUE(fails(run({"del", "net1", "c1"}), entry + ": cache entry: not JSON", 0));

  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(AddDelTest, StrangeFilesInTheCacheAreNamedAndHangNothing) {
  run({"add", "net1", "c1"});
  shell("mkdir /var/lib/cni/results/a; mkfifo /var/lib/cni/results/b");

  const auto answer = run({"list"});

  EXPECT_TRUE(fails(answer, "read '/var/lib/cni/results/a': Is a directory"));
  EXPECT_TRUE(fails(answer, "/var/lib/cni/results/b: cache entry: not JSON"));
  EXPECT_NE(answer.output.find("10.1.0.3/24"), std::string::npos);
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
}

TEST_F(AddDelTest, CorruptConfigurationInTheCacheIsReplacedByTheDirectorys) {
  run({"add", "net1", "c1"});
  const std::string path = "/var/lib/cni/results/" + *cache_entries().begin();
  json entry = json::parse(contents_of(path));
  entry["config"] = "e30=";  // {}
  write_file(path, entry.dump());

  EXPECT_TRUE(fails(run({"del", "net1", "c1"}), "name: missing, but required", 0));

  EXPECT_EQ(count_leases("net1"), 0U);
}

}  // namespace
}  // namespace patchbay::test
