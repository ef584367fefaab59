// Executables that somebody has given more than their caller has, and where they write.

#include <filesystem>

#include <sys/stat.h>

#include "e2e/network.h"
#include "support/require_kernel.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

constexpr const char* kNobody = "setpriv --reuid 65534 --regid 65534 --clear-groups ";

struct Elevation {
  const char* name;
  const char* command;  ///< Shell; gives the file $1 more than its caller has.
};

constexpr Elevation kElevations[]{
    {"setuid", "chmod 4755 $1"},
    {"setgid", "chmod 2755 $1"},
    {"capabilities", "setcap cap_net_admin+ep $1"}};

class PrivilegeTest : public HostTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure() &&
        try_shell(std::string{kNobody} + "true").status != 0) {
      PATCHBAY_SKIP("there is no other user in this user namespace");
    }
  }

  /// A copy of the executable, elevated, and called by nobody, with a log to write.
  static Outcome run_elevated(const Elevation& elevation, const std::string& arguments) {
    const std::string copy = std::string{"/run/"} + elevation.name;
    std::filesystem::copy_file(plugin_directory() + "/" + GetParam(), copy);
    std::filesystem::create_directory("/run/open");
    std::filesystem::permissions("/run/open", std::filesystem::perms::all);
    shell("set -- " + copy + "; " + elevation.command);
    return try_shell(
        "CNI_COMMAND=STATUS CNI_PATH=/ PATCHBAY_LOG=debug PATCHBAY_LOG_TO=/run/open/log "
        "ASAN_OPTIONS=detect_leaks=0 " +
        std::string{kNobody} + copy + " " + arguments + " < /dev/null");
  }
};

TEST_P(PrivilegeTest, ElevatedExecutableRefusesBeforeItReadsItsEnvironment) {
  for (const Elevation& elevation : kElevations) {
    const Outcome outcome = run_elevated(elevation, GetParam() == "patchbay" ? "networks" : "");

    EXPECT_EQ(outcome.status, 1) << elevation.name << outcome.output;
    EXPECT_NE(outcome.output.find("must not have set-user-ID"), std::string::npos)
        << elevation.name << outcome.output;
    EXPECT_TRUE(names_in("/run/open").empty()) << elevation.name;
    std::filesystem::remove("/run/open");
  }
}

TEST_P(PrivilegeTest, ElevatedExecutableDoesNotEvenSayItsVersion) {
  const Outcome outcome = run_elevated(kElevations[0], "--version");

  EXPECT_EQ(outcome.status, 1) << outcome.output;
}

INSTANTIATE_TEST_SUITE_P(
    Executables,
    PrivilegeTest,
    testing::Values("bridge", "host-device", "host-local", "loopback", "patchbay", "ptp", "veth"),
    name_of_text);

class LogFileTest : public PluginTest {
 protected:
  /// Runs a plugin that logs into /run/log.
  static Answer log() {
    Call request = call("ADD", {{"type", "loopback"}});
    request.ifname = "lo";
    request.extra_env = {{"PATCHBAY_LOG", "info"}, {"PATCHBAY_LOG_TO", "/run/log"}};
    return run_plugin(request, R"({"cniVersion": "1.1.0", "name": "n", "type": "loopback"})");
  }
};

TEST_F(LogFileTest, IsForItsOwnerOnlyAndGrowsLineByLine) {
  ASSERT_TRUE(log().ok());
  ASSERT_TRUE(log().ok());

  struct stat status {};
  ASSERT_EQ(::stat("/run/log", &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  const std::string text = contents_of("/run/log");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_NE(text.find("info loopback c1 lo: done in "), std::string::npos) << text;
}

TEST_F(LogFileTest, LinkIsNotFollowed) {
  write_file("/run/victim", "precious");
  std::filesystem::create_symlink("/run/victim", "/run/log");

  const Answer answer = log();

  EXPECT_TRUE(answer.ok());
  EXPECT_NE(answer.errors.find("done in "), std::string::npos) << answer.errors;
  EXPECT_EQ(contents_of("/run/victim"), "precious");
}

TEST_F(LogFileTest, FifoThatNobodyReadsIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo("/run/log", 0600), 0);

  const Answer answer = log();

  EXPECT_TRUE(answer.ok());
  EXPECT_NE(answer.errors.find("done in "), std::string::npos) << answer.errors;
}

}  // namespace
}  // namespace patchbay::test
