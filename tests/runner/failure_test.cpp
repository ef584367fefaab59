// What happens when plugins, disks and directories fail.

#include <csignal>
#include <filesystem>
#include <fstream>

#include "runner/runner_host.h"
#include "support/dump.h"
#include "support/mounts.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

constexpr const char* kError = "echo '{\"code\": 42, \"msg\": \"no luck\"}'; exit 1";

class RunnerFailureTest : public RunnerTest {
 protected:
  /// The network "net1": a bridge, then "second".
  void write_chain() { write_network("net1", json::array({bridge(), {{"type", "second"}}})); }
  /// The bridge itself stays: whoever attached first made it.
  void make_bridge() {
    write_network("net1", json::array({bridge()}));
    run({"add", "net1", "c2"});
    run({"del", "net1", "c2"});
    std::filesystem::remove_all("/var/lib/cni/networks");
  }
  static std::string if_command(const std::string& command, const std::string& script) {
    return "if [ $CNI_COMMAND = " + command + " ]; then " + script + "; fi";
  }
};

TEST_F(RunnerFailureTest, FailedAddIsUndoneByTheFailingPluginTheOthersAfterwards) {
  make_plugin("one");
  make_plugin("two", if_command("ADD", kError));
  make_plugin("three");
  write_network("net1", {{{"type", "one"}}, {{"type", "two"}}, {{"type", "three"}}});

  const auto answer = run({"add", "net1", "c1", "-o", "json"});

  EXPECT_TRUE(fails(answer, "plugin 'two' (ADD): no luck"));
  EXPECT_EQ(answer.code(), 42U);
  EXPECT_EQ(take_calls(), "one ADD, two ADD, two DEL, one DEL");
  EXPECT_EQ(input_of("two", "DEL")["prevResult"]["cniVersion"], "1.1.0");
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, UndoOfOldVersionsGetsNoPreviousResult) {
  make_plugin("one", if_command("ADD", "echo '{\"cniVersion\": \"0.3.1\"}'; exit"));
  make_plugin("two", if_command("ADD", kError));
  write_network("net1", {{{"type", "one"}}, {{"type", "two"}}}, {{"cniVersion", "0.3.1"}});

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "no luck"));

  EXPECT_TRUE(input_of("two", "ADD").contains("prevResult"));
  EXPECT_FALSE(input_of("two", "DEL").contains("prevResult"));
}

TEST_F(RunnerFailureTest, FailureAfterTheBridgeLeavesNothing) {
  make_bridge();
  const std::string before = dump();
  make_plugin("second", if_command("ADD", kError));
  write_chain();

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "no luck"));

  EXPECT_EQ(count_leases("net1"), 0U);
  std::filesystem::remove_all("/var/lib/cni/networks");
  EXPECT_TRUE(is_unchanged(before));
  EXPECT_EQ(try_shell_in("c1", "ip link show eth0").status, 1);
}

TEST_F(RunnerFailureTest, PluginThatSaysTheOwnerHasAnAddressIsNotUndone) {
  make_plugin("one", if_command("ADD", "echo '{\"code\": 102, \"msg\": \"has one\"}'; exit 1"));
  write_network("net1", {{{"type", "one"}}});

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "has one"));

  EXPECT_EQ(take_calls(), "one ADD");
}

TEST_F(RunnerFailureTest, HangingPluginIsKilledAndUndone) {
  make_plugin("second", if_command("ADD", "sleep 100"));
  write_chain();

  const auto answer = run({"add", "net1", "c1", "--timeout", "0.3"});

  EXPECT_TRUE(
      fails(answer, "plugin 'second' (ADD): execute '/run/plugins/second': killed after 300 ms"));
  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, CrashingPluginIsNamedAndUndone) {
  make_plugin("second", if_command("ADD", "kill -SEGV $$"));
  write_chain();

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "'/run/plugins/second': killed by signal 11"));

  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(RunnerFailureTest, RubbishAsResultIsAnErrorAndUndone) {
  for (const char* rubbish :
       {"exit 0",
        "echo hello; exit 0",
        "printf '\\001\\377'; exit 0",
        "echo '[1]'; exit 0",
        "yes | head -c 20000000; exit 0"}) {
    make_plugin("second", if_command("ADD", rubbish));
    write_chain();

    EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "plugin 'second' (ADD): ")) << rubbish;

    EXPECT_EQ(count_leases("net1"), 0U) << rubbish;
  }
}

TEST_F(RunnerFailureTest, RubbishAsErrorIsReportedWithTheExitStatus) {
  make_plugin("second", if_command("ADD", "echo hello; exit 7"));
  write_chain();

  EXPECT_TRUE(
      fails(run({"add", "net1", "c1"}), "'/run/plugins/second': exit status 7, and no error"));
}

TEST_F(RunnerFailureTest, MissingPluginIsNamedWithTheFile) {
  write_chain();

  EXPECT_TRUE(fails(
      run({"add", "net1", "c1"}), "/run/net.d/net1.conflist: plugins[1].type: failed to find"));

  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, PluginThatCannotBeExecutedIsNamed) {
  write_file("/run/plugins/second", "?");
  write_chain();

  EXPECT_TRUE(
      fails(run({"add", "net1", "c1"}), "execute '/run/plugins/second': Permission denied"));

  EXPECT_TRUE(cache_entries().empty());
  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(RunnerFailureTest, BadConflistIsNamedWithThePlace) {
  write_file("/run/net.d/net1.conflist", "{\n  \"name\": \"net1\",\n  \"plugins\": [{]\n}");

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "/run/net.d/net1.conflist:3:16: "));
  EXPECT_TRUE(fails(run({"networks"}), "/run/net.d/net1.conflist:3:16: "));
}

TEST_F(RunnerFailureTest, DelGoesOnPastFailingPluginsAndStaysPossible) {
  make_plugin("second", if_command("DEL", kError));
  make_plugin("third", if_command("DEL", "kill -SEGV $$"));
  write_network("net1", json::array({bridge(), {{"type", "second"}}, {{"type", "third"}}}));
  ASSERT_TRUE(succeeds(run({"add", "net1", "c1"})));

  const auto answer = run({"del", "net1", "c1"});

  EXPECT_TRUE(fails(answer, "plugin 'second' (DEL): no luck"));
  EXPECT_TRUE(fails(answer, "plugin 'third' (DEL): '/run/plugins/third': killed by signal 11"));
  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_EQ(cache_entries().size(), 1U);
  make_plugin("second");
  make_plugin("third");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, FailedUndoKeepsTheAttachmentDetachable) {
  make_plugin("second", "if [ $CNI_COMMAND != STATUS ]; then " + std::string{kError} + "; fi");
  write_chain();

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "could not detach"));

  EXPECT_EQ(cache_entries().size(), 1U);
  make_plugin("second");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
}

TEST_F(RunnerFailureTest, NothingIsRememberedOfAConfigurationThatTheFirstPluginRefuses) {
  json plugin = bridge();
  plugin["isGateway"] = "yes";
  write_network("net1", json::array({plugin}));

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "isGateway"));

  EXPECT_TRUE(cache_entries().empty());
  write_network("net1", json::array({bridge()}));
  EXPECT_TRUE(succeeds(run({"add", "net1", "c1"})));
}

TEST_F(RunnerFailureTest, UnfinishedAddIsDetachedWithTheConfigurationPutRight) {
  const std::vector<std::vector<std::string>> commands{
      {"add", "net1", "c1"}, {"del", "net1", "c1"}, {"gc", "net1", "--all"}};
  for (const auto& command : commands) {
    make_plugin("one");
    make_plugin(
        "two",
        if_command("STATUS", "exit 0") + "; grep -q right /run/stdin-two-$CNI_COMMAND || { " +
            kError + "; }");
    write_network("net1", {{{"type", "one"}}, {{"type", "two"}}});
    ASSERT_TRUE(fails(run({"add", "net1", "c1"}), "could not detach"));
    ASSERT_EQ(cache_entries().size(), 1U);
    write_network("net1", {{{"type", "one"}}, {{"type", "two"}, {"set", "right"}}});

    EXPECT_TRUE(succeeds(run(command))) << command[0];

    EXPECT_EQ(cache_entries().empty(), command[0] != "add");
    run({"del", "net1", "c1"});
  }
}

TEST_F(RunnerFailureTest, UnfinishedAddThatCannotBeDetachedDoesNotHinderTheNext) {
  make_plugin(
      "one",
      if_command("DEL", kError) + "; " +
          if_command("ADD", "test -e /run/right || { " + std::string{kError} + "; }"));
  write_network("net1", {{{"type", "one"}}});
  ASSERT_TRUE(fails(run({"add", "net1", "c1"}), "could not detach"));
  write_file("/run/right", "");

  EXPECT_TRUE(succeeds(run({"add", "net1", "c1"})));
}

TEST_F(RunnerFailureTest, KilledAddIsListedAndCanBeDetached) {
  make_plugin("second", if_command("ADD", "echo > /run/begun; sleep 0.5"));
  write_chain();
  {
    RunningPlugin running = start({"add", "net1", "c1"});
    ASSERT_TRUE(await([] { return std::filesystem::exists("/run/begun"); }));
    ::kill(running.pid(), SIGKILL);
    running.finish();
  }
  EXPECT_TRUE(reap_children());

  EXPECT_EQ(run({"list", "-o", "json"}).json().size(), 1U);
  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "is attached already"));
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, DelWaitsForThePluginThatAKilledAddLeftRunning) {
  make_plugin(
      "one", if_command("ADD", "echo > /run/begun; sleep 0.3; echo one ended >> /run/calls"));
  write_network("net1", {{{"type", "one"}}});
  RunningPlugin running = start({"add", "net1", "c1"});
  ASSERT_TRUE(await([] { return std::filesystem::exists("/run/begun"); }));
  ::kill(running.pid(), SIGKILL);

  EXPECT_TRUE(fails(run({"del", "net1", "c1", "--timeout", "0.05"}), "another process is working"));
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));

  EXPECT_EQ(take_calls(), "one ADD, one ended, one DEL");
  running.finish();
  EXPECT_TRUE(reap_children());
}

TEST_F(RunnerFailureTest, DaemonOfAPluginDoesNotKeepTheLock) {
  make_plugin(
      "one",
      if_command("ADD", "setsid sleep 2 >/dev/null 2>&1 </dev/null &\necho $! > /run/daemon"));
  write_network("net1", {{{"type", "one"}}});
  ASSERT_TRUE(succeeds(run({"add", "net1", "c1"})));

  EXPECT_TRUE(succeeds(run({"del", "net1", "c1", "--timeout", "1"})));

  shell("kill $(cat /run/daemon)");
  EXPECT_TRUE(reap_children());
}

TEST_F(RunnerFailureTest, InterruptedAddIsUndone) {
  make_plugin("second", if_command("ADD", "echo > /run/begun; sleep 100"));
  write_chain();
  RunningPlugin running = start({"add", "net1", "c1"});
  ASSERT_TRUE(await([] { return std::filesystem::exists("/run/begun"); }));

  ::kill(running.pid(), SIGINT);

  EXPECT_TRUE(fails(running.finish(), "plugin 'second' (ADD): interrupted by a signal"));
  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, InterruptedDelEndsAndCanBeRepeated) {
  make_plugin("one");
  make_plugin("two", if_command("DEL", "echo > /run/begun; sleep 100"));
  write_network("net1", {{{"type", "one"}}, {{"type", "two"}}});
  ASSERT_TRUE(succeeds(run({"add", "net1", "c1"})));
  RunningPlugin running = start({"del", "net1", "c1"});
  ASSERT_TRUE(await([] { return std::filesystem::exists("/run/begun"); }));

  ::kill(running.pid(), SIGTERM);

  EXPECT_TRUE(fails(running.finish(), "interrupted by a signal"));
  EXPECT_EQ(take_calls(), "one ADD, two ADD, two DEL");
  EXPECT_EQ(cache_entries().size(), 1U);
  make_plugin("two");
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
}

TEST_F(RunnerFailureTest, UnreadableEntryOfALiveAttachmentIsNotReplaced) {
  write_network("net1", json::array({bridge()}));
  ASSERT_TRUE(succeeds(run({"add", "net1", "c1"})));
  const std::string entry = "/var/lib/cni/results/" + *cache_entries().begin();
  write_file(entry, "{");

  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), entry + ": cache entry: not JSON"));

  EXPECT_EQ(contents_of(entry), "{");
  EXPECT_EQ(count_leases("net1"), 1U);
  EXPECT_TRUE(succeeds(run({"del", "net1", "c1"})));
  write_file(entry, "{");
  EXPECT_TRUE(succeeds(run({"add", "net1", "c1"})));
}

TEST_F(RunnerFailureTest, EntryOfAnotherOwnerWithTheSameFileNameStays) {
  make_plugin("one");
  write_network("x", {{{"type", "one"}}});
  write_network("x-y", {{{"type", "one"}}});
  ASSERT_TRUE(succeeds(run({"add", "x", "c1", "--container-id", "y-c"})));
  const auto entry = contents_of("/var/lib/cni/results/x-y-c-eth0");

  EXPECT_TRUE(fails(
      run({"add", "x-y", "c2", "--container-id", "c"}),
      "belongs to container 'y-c' in network 'x'"));
  EXPECT_TRUE(succeeds(run({"del", "x-y", "c2", "--container-id", "c"})));

  EXPECT_EQ(take_calls(), "one ADD, one DEL");
  EXPECT_EQ(contents_of("/var/lib/cni/results/x-y-c-eth0"), entry);
}

TEST_F(RunnerFailureTest, FullDiskFailsBeforeAnyPluginRuns) {
  make_plugin("one");
  write_network("net1", {{{"type", "one"}}});
  std::filesystem::create_directory("/run/small");
  mount_tmpfs("/run/small", "size=8k");
  write_file("/run/small/ballast", std::string(8192, 'x'));

  const auto answer = run({"add", "net1", "c1", "--cache-dir", "/run/small"});

  EXPECT_TRUE(fails(answer, "/run/small/patchbay/net1-cnitool-"));
  EXPECT_TRUE(fails(answer, "No space left on device"));
  EXPECT_EQ(take_calls(), "");
}

TEST_F(RunnerFailureTest, ResultThatNobodyGetsUndoesTheAdd) {
  write_network("net1", json::array({bridge()}));

  const auto answer = try_shell(
      "NETCONFPATH=/run/net.d CNI_PATH=" + plugin_directory() + " " + plugin_directory() +
      "/patchbay add net1 c1 2>&1 >/dev/full");

  EXPECT_EQ(answer.status, 1);
  EXPECT_NE(answer.output.find("write stdout: No space left"), std::string::npos) << answer.output;
  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, DiskThatIsFullAfterwardsUndoesTheAdd) {
  std::filesystem::create_directory("/run/small");
  mount_tmpfs("/run/small", "size=12k");
  make_plugin(
      "one", if_command("ADD", "head -c 100000 /dev/zero > /run/small/ballast 2>/dev/null"));
  write_network("net1", json::array({bridge(), {{"type", "one"}}}));

  const auto answer = run({"add", "net1", "c1", "--cache-dir", "/run/small"});

  EXPECT_TRUE(fails(answer, "No space left on device"));
  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(names_in("/run/small/results").empty());
}

TEST_F(RunnerFailureTest, AttachmentIsDetachableOnADiskThatIsFull) {
  write_network("net1", json::array({bridge()}));
  std::filesystem::create_directory("/run/small");
  mount_tmpfs("/run/small", "size=64k");
  ASSERT_TRUE(succeeds(run({"add", "net1", "c1", "--cache-dir", "/run/small"})));
  (void)try_shell("head -c 100000 /dev/zero > /run/small/ballast");

  EXPECT_TRUE(succeeds(run({"del", "net1", "c1", "--cache-dir", "/run/small"})));

  EXPECT_EQ(count_leases("net1"), 0U);
  EXPECT_TRUE(names_in("/run/small/results").empty());
}

TEST_F(RunnerFailureTest, ReadOnlyCacheFreesTheRestAndSaysWhatItCannot) {
  write_network("net1", json::array({bridge()}));
  std::filesystem::create_directory("/run/small");
  mount_tmpfs("/run/small", "");
  ASSERT_TRUE(succeeds(run({"add", "net1", "c1", "--cache-dir", "/run/small"})));
  make_read_only("/run/small");

  const auto answer = run({"del", "net1", "c1", "--cache-dir", "/run/small"});

  EXPECT_TRUE(fails(answer, "delete '/run/small/results/net1-cnitool-"));
  EXPECT_EQ(count_leases("net1"), 0U);
}

TEST_F(RunnerFailureTest, UnreadableDirectoriesAreNamed) {
  write_network("net1", json::array({bridge()}));
  write_file("/run/file", "");

  EXPECT_TRUE(fails(
      run({"add", "net1", "c1", "--conf-dir", "/run/file"}),
      "read directory '/run/file': Not a directory"));
  EXPECT_TRUE(
      fails(run({"add", "net1", "c1", "--cache-dir", "/run/file"}), "'/run/file/patchbay'"));
  EXPECT_TRUE(
      fails(run({"list", "--cache-dir", "/run/file"}), "read directory '/run/file/results'"));
}

/// Root may read everything, unless it gives this up.
TEST_F(RunnerFailureTest, ForbiddenDirectoriesAreNamed) {
  write_network("net1", json::array({bridge()}));
  shell("mkdir -p /run/forbidden/results && chmod 0 /run/forbidden/results /run/forbidden");
  const std::string humble =
      "setpriv --bounding-set=-dac_override,-dac_read_search " + plugin_directory() + "/patchbay ";

  const auto networks = try_shell(humble + "networks --conf-dir /run/forbidden");
  const auto list = try_shell(humble + "list --cache-dir /run/forbidden");

  EXPECT_EQ(networks.status, 1);
  EXPECT_NE(
      networks.output.find("read directory '/run/forbidden': Permission denied"), std::string::npos)
      << networks.output;
  EXPECT_EQ(list.status, 1);
  EXPECT_NE(list.output.find("'/run/forbidden/results': Permission denied"), std::string::npos)
      << list.output;
}

TEST_F(RunnerFailureTest, NamespaceThatIsNoneIsRefusedBeforeAnyPluginRuns) {
  make_plugin("one");
  write_network("net1", {{{"type", "one"}}});

  EXPECT_TRUE(fails(run({"add", "net1", "none"}), "open '/run/netns/none': No such file"));
  EXPECT_TRUE(fails(run({"add", "net1", "/etc/passwd"}), "must be a network namespace"));
  EXPECT_TRUE(fails(
      run({"add", "net1", "/proc/self/ns/net"}), "must not be the network namespace we are in"));
  EXPECT_TRUE(fails(run({"add", "net1", "c1", "--container-id", "../x"}), "container id: '../x'"));
  EXPECT_TRUE(fails(run({"add", "../net1", "c1"}), "NETWORK: '../net1'"));
  EXPECT_TRUE(fails(run({"add", "net1", "c1", "--ifname", "a/b"}), "interface: name 'a/b'"));
  EXPECT_TRUE(fails(
      run({"add", "net1", "c1", "--container-id", std::string(300, 'a')}), "File name too long"));
  EXPECT_EQ(take_calls(), "");
  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(RunnerFailureTest, UnknownNetworksLeaveNoLockFile) {
  for (const char* command : {"add", "del", "check"}) {
    EXPECT_TRUE(fails(run({command, "../../../run/zz", "c1"}), "NETWORK: '../../../run/zz'"));
    EXPECT_TRUE(fails(run({command, "zz", "c1"}), "no network 'zz'"));
  }

  EXPECT_FALSE(std::filesystem::exists("/run/zz.lock"));
  EXPECT_FALSE(std::filesystem::exists("/var/lib/cni/patchbay/zz.lock"));
}

TEST_F(RunnerFailureTest, WrongCommandLineIsStatusTwo) {
  EXPECT_TRUE(fails(run({}), "", 2));
  EXPECT_TRUE(fails(run({"attach"}), "", 2));
  EXPECT_TRUE(fails(run({"add", "net1"}), "NETNS is required", 2));
  for (const char* timeout : {"0", "-1", "nan", "inf", "1s"}) {
    EXPECT_TRUE(fails(run({"list", "--timeout", timeout}), "--timeout", 2)) << timeout;
  }
  EXPECT_TRUE(fails(run({"list", "-o", "xml"}), "--output", 2));
  EXPECT_TRUE(succeeds(run({"--help"})));
  EXPECT_TRUE(succeeds(run({"add", "--help"})));
}

}  // namespace
}  // namespace patchbay::test
