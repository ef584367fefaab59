// patchbay lxc-hook, called as LXC calls it, for a process in a namespace of its own.

#include <csignal>
#include <filesystem>
#include <sched.h>
#include <unistd.h>

#include <sys/mount.h>
#include <sys/wait.h>

#include "runner/runner_host.h"
#include "support/dump.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

constexpr const char* kPin = "/run/netns/lxc-web";

/// The init process of a container: it sleeps in a fresh network namespace.
class Init {
 public:
  Init() {
    const netns::ScopedNetns home{netns::Netns::current()};
    if (::unshare(CLONE_NEWNET) != 0) {
      throw std::runtime_error{"unshare"};
    }
    pid_ = ::fork();
    if (pid_ == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  ~Init() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Init(const Init&) = delete;
  Init& operator=(const Init&) = delete;
  Init(Init&&) = delete;
  Init& operator=(Init&&) = delete;

  [[nodiscard]] std::string pid() const { return std::to_string(pid_); }
  [[nodiscard]] bool has(const std::string& interface) const {
    return try_shell("nsenter --net=/proc/" + pid() + "/ns/net ip link show " + interface).status ==
           0;
  }

 private:
  pid_t pid_;
};

class LxcHookTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    write_network("lan", json::array({bridge()}));
    std::filesystem::create_directories("/run/lxc/web");
    configure("lan");
    run({"add", "lan", "c2"});
    run({"del", "lan", "c2"});
    before = dump();
  }

  static void configure(const std::string& networks) {
    write_file(
        "/run/lxc/web/config",
        "lxc.uts.name = web\nlxc.environment = PATCHBAY_NETWORKS=" + networks + "\n");
  }
  static Answer hook(const std::string& type, const std::string& pid = "") {
    Call hook_call = call({"lxc-hook"});
    hook_call.extra_env["LXC_HOOK_VERSION"] = "1";
    hook_call.extra_env["LXC_HOOK_SECTION"] = "lxc";
    hook_call.extra_env["LXC_HOOK_TYPE"] = type;
    hook_call.extra_env["LXC_NAME"] = "web";
    hook_call.extra_env["LXC_CONFIG_FILE"] = "/run/lxc/web/config";
    hook_call.extra_env["LXC_ROOTFS_PATH"] = "/run/lxc/web/rootfs";
    hook_call.extra_env["LXC_PID"] = pid;
    if (type == "post-stop") {
      hook_call.extra_env["LXC_NET_NS"] = "/proc/1/fd/4711";  // closed by then
    }
    return run_plugin(hook_call, "");
  }

  /// dump() before the container started.
  std::string before;
};

TEST_F(LxcHookTest, AttachesAtTheStartAndDetachesAfterTheStop) {
  {
    const Init init;
    EXPECT_TRUE(succeeds(hook("start-host", init.pid())));
    EXPECT_TRUE(init.has("eth0"));
    EXPECT_TRUE(ping("lxc-web", "10.1.0.1"));
    EXPECT_EQ(cache_entries(), std::set<std::string>{"lan-lxc-web-eth0"});
  }

  EXPECT_TRUE(succeeds(hook("post-stop")));

  EXPECT_FALSE(std::filesystem::exists(kPin));
  EXPECT_TRUE(is_unchanged(before));
  EXPECT_TRUE(succeeds(hook("destroy")));
}

TEST_F(LxcHookTest, SeveralNetworksFromTheContainersFile) {
  write_network("dmz", json::array({{{"type", "ptp"}, {"ipam", bridge()["ipam"]}}}));
  write_file("/run/lxc/web/patchbay.networks", "lan\ndmz:wan  # routed\n");
  const Init init;

  EXPECT_TRUE(succeeds(hook("start-host", init.pid())));
  EXPECT_TRUE(init.has("eth0"));
  EXPECT_TRUE(init.has("wan"));
  EXPECT_TRUE(succeeds(hook("post-stop")));

  EXPECT_TRUE(cache_entries().empty());
}

TEST_F(LxcHookTest, NextStartRepairsWhatAKilledMonitorLeft) {
  {
    const Init init;
    ASSERT_TRUE(succeeds(hook("start-host", init.pid())));
  }
  const Init init;

  EXPECT_TRUE(succeeds(hook("start-host", init.pid())));

  EXPECT_TRUE(init.has("eth0"));
  EXPECT_EQ(count_leases("lan"), 1U);
  EXPECT_TRUE(succeeds(hook("post-stop")));
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(LxcHookTest, DestroyRepairsWhatAKilledMonitorLeft) {
  {
    const Init init;
    ASSERT_TRUE(succeeds(hook("start-host", init.pid())));
  }

  EXPECT_TRUE(succeeds(hook("destroy")));

  EXPECT_FALSE(std::filesystem::exists(kPin));
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(LxcHookTest, FailureOfOneNetworkTakesEverythingBack) {
  configure("lan none");
  const Init init;

  EXPECT_TRUE(fails(hook("start-host", init.pid()), "no network 'none'"));

  EXPECT_FALSE(init.has("eth0"));
  EXPECT_FALSE(std::filesystem::exists(kPin));
  EXPECT_TRUE(cache_entries().empty());
  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(LxcHookTest, RunningContainerOfTheSameNameKeepsItsNetwork) {
  const Init first;
  ASSERT_TRUE(succeeds(hook("start-host", first.pid())));
  const Init second;

  EXPECT_TRUE(
      fails(hook("start-host", second.pid()), "is the namespace of a container that is running"));

  EXPECT_TRUE(ping("lxc-web", "10.1.0.1"));
  EXPECT_TRUE(succeeds(hook("post-stop")));
}

TEST_F(LxcHookTest, DestroyLeavesARunningContainerOfTheSameNameAlone) {
  const Init init;
  ASSERT_TRUE(succeeds(hook("start-host", init.pid())));

  EXPECT_TRUE(fails(hook("destroy"), "is the namespace of a container that is running"));

  EXPECT_TRUE(ping("lxc-web", "10.1.0.1"));
  EXPECT_TRUE(succeeds(hook("post-stop")));
}

TEST_F(LxcHookTest, DetachesWhatTheChoiceNoLongerNames) {
  const Init init;
  ASSERT_TRUE(succeeds(hook("start-host", init.pid())));
  configure("");

  EXPECT_TRUE(succeeds(hook("post-stop")));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(LxcHookTest, DetachesWhenTheChoiceCannotBeRead) {
  const Init init;
  ASSERT_TRUE(succeeds(hook("start-host", init.pid())));
  std::filesystem::create_directory("/run/lxc/web/patchbay.networks");

  EXPECT_TRUE(fails(hook("post-stop"), "Is a directory, continuing", 0));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(LxcHookTest, LostCacheIsMadeUpForByTheChoice) {
  const Init init;
  ASSERT_TRUE(succeeds(hook("start-host", init.pid())));
  std::filesystem::remove_all("/var/lib/cni/results");

  EXPECT_TRUE(succeeds(hook("post-stop")));

  EXPECT_EQ(count_leases("lan"), 0U);
  EXPECT_FALSE(std::filesystem::exists(kPin));
}

TEST_F(LxcHookTest, FailedDetachingIsReportedAndCanBeRepeated) {
  make_plugin(
      "second",
      "[ $CNI_COMMAND != DEL ] || { echo '{\"code\": 42, \"msg\": \"no luck\"}'; exit 1; }");
  write_network("lan", json::array({bridge(), {{"type", "second"}}}));
  {
    const Init init;
    ASSERT_TRUE(succeeds(hook("start-host", init.pid())));
  }
  EXPECT_TRUE(fails(hook("post-stop"), "no luck"));
  EXPECT_EQ(cache_entries().size(), 1U);
  make_plugin("second");

  EXPECT_TRUE(succeeds(hook("destroy")));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_F(LxcHookTest, MissingChoiceIsNamed) {
  configure("");
  const Init init;

  EXPECT_TRUE(fails(hook("start-host", init.pid()), "no network for container 'web'"));

  EXPECT_FALSE(std::filesystem::exists(kPin));
}

TEST_F(LxcHookTest, WrongCallsAreRefused) {
  EXPECT_TRUE(fails(run({"lxc-hook"}), "LXC_HOOK_TYPE: missing"));
  EXPECT_TRUE(fails(hook("mount"), "must be start-host, post-stop or destroy"));
  EXPECT_TRUE(fails(hook("start-host"), "LXC_PID: missing"));
  EXPECT_TRUE(fails(hook("start-host", "999999999"), "mount '/proc/999999999/ns/net'"));
  EXPECT_FALSE(std::filesystem::exists(kPin));
}

}  // namespace
}  // namespace patchbay::test
