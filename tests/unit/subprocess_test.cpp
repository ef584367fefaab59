#include "base/subprocess.h"

#include <csignal>
#include <string>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temp_directory.h"
#include "support/thrown.h"

namespace patchbay::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{60'000};

Subprocess::Options shell(const std::string& command) {
  return {.arguments = {"-c", command}, .own_group = true};
}

TEST(SubprocessTest, GivesInputAndArgumentsAndReturnsTheOutput) {
  Subprocess child{"/bin/sh", {{"WORD", "hello"}}, shell("echo $WORD; cat; exit 3")};
  child.give("input");

  const auto outcome = child.finish(kLong);

  EXPECT_EQ(outcome.output, "hello\ninput");
  EXPECT_EQ(WEXITSTATUS(outcome.status), 3);
}

TEST(SubprocessTest, ChildDiesWithUsWhenSoWished) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const TempDirectory directory;
  const std::string started = directory.path("started");
  ASSERT_EQ(::mkfifo(started.c_str(), 0600), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    Subprocess child{
        "/bin/sh",
        {},
        {.arguments = {"-c", "echo $$ > " + started + "; exec sleep 100"}, .dies_with_us = true}};
    child.finish();
    ::_exit(0);
  }
  const pid_t child = std::stoi(contents_of(started));

  ::kill(parent, SIGKILL);

  EXPECT_EQ(::waitpid(parent, nullptr, 0), parent);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(SubprocessTest, ExpiredTimeoutKillsTheChildAndNamesIt) {
  Subprocess child{"/bin/sh", {}, shell("exec sleep 100")};

  const Error e = thrown_by([&] { child.finish(milliseconds{50}); });

  EXPECT_EQ(e.code(), ErrorCode::try_again_later);
  EXPECT_STREQ(e.what(), "execute '/bin/sh': killed after 50 ms without an end");
}

TEST(SubprocessTest, ExpiredTimeoutKillsWhatTheChildStarted) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const TempDirectory directory;
  const std::string started = directory.path("started");
  ASSERT_EQ(::mkfifo(started.c_str(), 0600), 0);
  Subprocess child{"/bin/sh", {}, shell("sleep 100 & echo > " + started + "; wait")};
  const pid_t group = child.pid();
  EXPECT_EQ(contents_of(started), "\n");

  thrown_by([&] { child.finish(milliseconds{50}); });

  int status = 0;
  EXPECT_GT(::waitpid(-group, &status, 0), 0);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(SubprocessTest, ClosedOutputDoesNotHideAChildThatGoesOn) {
  Subprocess child{"/bin/sh", {}, shell("exec sleep 100 >&-")};

  const Error e = thrown_by([&] { child.finish(milliseconds{50}); });

  EXPECT_EQ(e.code(), ErrorCode::try_again_later);
}

TEST(SubprocessTest, EndlessOutputIsCutOff) {
  Subprocess child{"/bin/sh", {}, shell("yes")};

  const Error e = thrown_by([&] { child.finish(kLong); });

  EXPECT_STREQ(e.what(), "read a plugin's output: File too large");
}

}  // namespace
}  // namespace patchbay::test
