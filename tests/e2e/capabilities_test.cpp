// What plugins keep of capabilities(7), and what the programs get that they execute.

#include <csignal>
#include <filesystem>
#include <sstream>
#include <unistd.h>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/privilege.h"
#include "e2e/network.h"
#include "support/require_kernel.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

/// The privileges in a /proc/PID/status.
json privileges_in(const std::string& status) {
  json privileges;
  std::istringstream lines{status};
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("Cap", 0) == 0 || line.rfind("NoNewPrivs", 0) == 0) {
      const auto colon = line.find(':');
      privileges[line.substr(0, colon)] = std::stoull(line.substr(colon + 1), nullptr, 16);
    }
  }
  return privileges;
}

bool is_end(int state) {
  return state >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
}

/// The privileges that `command`, a line for /bin/sh that ends in "exec", has at its end.
json privileges_at_end_of(const std::string& command) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    (void)::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    (void)::raise(SIGSTOP);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  std::string status;
  int state = 0;
  (void)::waitpid(pid, &state, 0);
  (void)::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
  while (WIFSTOPPED(state)) {
    status = is_end(state) ? contents_of("/proc/" + std::to_string(pid) + "/status") : status;
    (void)::ptrace(PTRACE_CONT, pid, nullptr, nullptr);
    (void)::waitpid(pid, &state, 0);
  }
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0) << command << contents_of("/run/output");
  return privileges_in(status);
}

struct Kept {
  std::string plugin;
  Capabilities capabilities;
  bool for_good;  ///< It executes nothing.
};

void PrintTo(const Kept& kept, std::ostream* out) {
  *out << kept.plugin;
}

constexpr Capabilities kAttaching{
    Capability::dac_override, Capability::fowner, Capability::net_admin, Capability::sys_admin};

class CapabilitiesTest : public PluginTest, public testing::WithParamInterface<Kept> {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      plug_nic();
    }
  }

  static json network() {
    if (GetParam().plugin == "host-device") {
      return host_device_network();
    }
    json config = GetParam().plugin == "ptp" ? ptp_network() : bridge_network();
    config["type"] = GetParam().plugin;
    return config;
  }
  static std::string ifname() { return GetParam().plugin == "loopback" ? "lo" : "eth0"; }

  static json privileges_after(const std::string& command, const json& config) {
    write_file("/run/input", config.dump());
    return privileges_at_end_of(
        "export CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=" + ifname() +
        " CNI_COMMAND=" + command + " CNI_PATH=" + plugin_directory() +
        " ASAN_OPTIONS=detect_leaks=0; exec " + plugin_directory() + "/" + GetParam().plugin +
        " < /run/input > /run/output");
  }

  /// The privileges of every process here, and what becomes of them.
  static json expected() {
    json privileges = privileges_in(shell("cat /proc/self/status"));
    const std::uint64_t kept = GetParam().capabilities.bits();
    const auto limit = [&](const char* set, std::uint64_t most) {
      privileges[set] = privileges[set].get<std::uint64_t>() & most;
    };
    limit("CapEff", kept);
    if (GetParam().for_good) {
      limit("CapPrm", kept);
      limit("CapInh", 0);
      privileges["NoNewPrivs"] = 1;
    }
    return privileges;
  }
};

TEST_P(CapabilitiesTest, OnlyThoseThatAreNeededAreKeptInEveryCommand) {
  json config = network();

  EXPECT_EQ(privileges_after("ADD", config), expected());
  config["prevResult"] = json::parse(contents_of("/run/output"));
  for (const char* command : {"CHECK", "STATUS", "DEL"}) {
    EXPECT_EQ(privileges_after(command, config), expected()) << command;
  }
  config.erase("prevResult");
  config["cni.dev/valid-attachments"] = json::array();
  EXPECT_EQ(privileges_after("GC", config), expected());
}

TEST_P(CapabilitiesTest, HelpNamesThem) {
  const auto help = shell(plugin_directory() + "/" + GetParam().plugin + " --help");

  EXPECT_NE(
      help.find("given up all others: " + GetParam().capabilities.str() + "\n"), std::string::npos)
      << help;
}

INSTANTIATE_TEST_SUITE_P(
    Plugins,
    CapabilitiesTest,
    testing::Values(
        Kept{"bridge", kAttaching, false},
        Kept{"host-device", kAttaching, false},
        Kept{"host-local", {Capability::dac_override, Capability::fowner}, true},
        Kept{"loopback", {Capability::net_admin, Capability::sys_admin}, true},
        Kept{"ptp", kAttaching, false},
        Kept{"veth", kAttaching, false}),
    [](const testing::TestParamInfo<Kept>& kept) {
      std::string name = kept.param.plugin;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

/// An IPAM plugin that notes what it and its caller may do.
class ExecutedPluginTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    make_plugin(
        "noting-ipam",
        "cat /proc/$PPID/status > /run/notes/plugin; cat /proc/self/status > /run/notes/ipam\n"
        R"(echo '{"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/24"}]}')");
    shell(
        "chmod 755 /run/plugins/noting-ipam; mkdir -m 777 /run/notes; cp " + plugin_directory() +
        "/bridge /run/plugins");
    json network = bridge_network();
    network["ipam"] = {{"type", "noting-ipam"}};
    write_file("/run/input", network.dump());
  }

  static Outcome add(const std::string& prefix) {
    return try_shell(
        "CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 "
        "CNI_PATH=/run/plugins " +
        prefix + " /run/plugins/bridge < /run/input");
  }
  static json noted(const std::string& who) {
    return privileges_in(contents_of("/run/notes/" + who));
  }
};

TEST_F(ExecutedPluginTest, GetsWhatTheRuntimeGave) {
  const Outcome outcome = add("");

  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const json ours = privileges_in(shell("cat /proc/self/status"));
  EXPECT_EQ(noted("ipam"), ours);
  EXPECT_NE(noted("plugin"), ours);
  EXPECT_EQ(noted("plugin").at("CapEff"), kAttaching.bits());
}

/// Who is not root passes capabilities on only as long as they are permitted.
TEST_F(ExecutedPluginTest, GetsAmbientCapabilities) {
  const std::string prefix =
      "setpriv --reuid 65534 --regid 65534 --clear-groups "
      "--inh-caps=-all,+net_admin,+sys_admin,+chown "
      "--ambient-caps=+net_admin,+sys_admin,+chown";
  if (try_shell(prefix + " true").status != 0) {
    PATCHBAY_SKIP("there is no other user in this user namespace");
  }
  const Outcome outcome = add(prefix);

  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(noted("ipam"), privileges_in(shell(prefix + " cat /proc/self/status")));
  const Capabilities needed{Capability::net_admin, Capability::sys_admin};
  EXPECT_EQ(noted("plugin").at("CapEff"), needed.bits());
}

/// Leases in a directory that is somebody else's.
class ForeignDirectoryTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    shell("mkdir -m 700 -p /var/lib/cni/networks/net1 && chmod 700 /var/lib/cni/networks");
    if (try_shell("chown -R 65534 /var/lib/cni/networks").status != 0) {
      PATCHBAY_SKIP("there is no other user in this user namespace");
    }
  }

  static Answer run_noisily(const std::string& command, json network, const std::string& plugin) {
    network["type"] = plugin;
    Call request = call(command, network);
    request.extra_env["PATCHBAY_LOG"] = "debug";
    return run_plugin(request, network.dump());
  }
};

TEST_F(ForeignDirectoryTest, IsUsedWithItsIndex) {
  for (const char* plugin : {"host-local", "bridge"}) {
    for (const char* command : {"ADD", "DEL"}) {
      const Answer answer = run_noisily(command, bridge_network(), plugin);

      EXPECT_TRUE(is_success(answer)) << plugin << command;
      EXPECT_EQ(answer.errors.find("could not save"), std::string::npos) << answer.errors;
    }
  }
}

}  // namespace
}  // namespace patchbay::test
