// The tracer itself: system calls of threads are those of their process.

#include "proof/tracer.h"

#include <cerrno>
#include <csignal>

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <gtest/gtest.h>

#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

class TracerTest : public testing::Test {
 protected:
  static Call threads() { return {.plugin = PATCHBAY_THREADS, .command = ""}; }

  Tracer tracer;
};

TEST_F(TracerTest, CallsOfThreadsAreThePlugins) {
  unsigned calls = 0;

  const Execution execution = tracer.run(threads(), "", [&](const SystemCall& call) -> Verdict {
    calls += call.number == SYS_acct && call.of_plugin && call.thread != call.process ? 1 : 0;
    return {};
  });

  EXPECT_EQ(calls, 1U);
  EXPECT_EQ(execution.processes, 1U);
}

TEST_F(TracerTest, CallOfAThreadIsRefused) {
  const Execution execution = tracer.run(threads(), "", [](const SystemCall& call) -> Verdict {
    const bool refused = call.number == SYS_acct;
    return {.kind = refused ? Verdict::Kind::refuse : Verdict::Kind::make, .error = EXDEV};
  });

  EXPECT_EQ(execution.answer.output, std::to_string(EXDEV) + "\n");
}

TEST_F(TracerTest, ResultOfACallIsReplaced) {
  const Execution execution = tracer.run(threads(), "", [](const SystemCall& call) -> Verdict {
    if (call.number != SYS_acct) {
      return {};
    }
    return {
        .kind = Verdict::Kind::spoil,
        .spoil = [](const SystemCall&, std::int64_t) -> std::int64_t { return -ESRCH; }};
  });

  EXPECT_EQ(execution.answer.output, std::to_string(ESRCH) + "\n");
}

TEST_F(TracerTest, KillOfAThreadIsThatOfItsProcess) {
  for (const auto kind : {Verdict::Kind::kill_everybody, Verdict::Kind::kill_plugin}) {
    const Execution execution = tracer.run(threads(), "", [&](const SystemCall& call) -> Verdict {
      return {.kind = call.number == SYS_acct ? kind : Verdict::Kind::make};
    });

    EXPECT_TRUE(execution.killed);
    EXPECT_EQ(execution.answer.status, 128 + SIGKILL);
    EXPECT_EQ(execution.answer.output, "");
    EXPECT_EQ(tracer.await_orphans(), "");
  }
}

TEST_F(TracerTest, WithoutAJudgeNothingIsDone) {
  EXPECT_EQ(tracer.run(threads(), "").answer.status, 0);
}

/// A signal makes the kernel begin the shell's waiting again, which the shell does not know.
TEST_F(TracerTest, CallThatTheKernelRestartsIsOneCall) {
  const Call shell{.plugin = "/bin/sh", .command = "", .arguments = {"-c", "sleep 0.1; true"}};
  unsigned waits = 0;

  const Execution execution = tracer.run(shell, "", [&](const SystemCall& call) -> Verdict {
    const bool blocks = call.number == SYS_wait4 && call.arguments[2] == 0;
    if (call.of_plugin && blocks) {
      ++waits;
      (void)::kill(call.process, SIGWINCH);
    }
    return {};
  });

  EXPECT_EQ(execution.answer.status, 0);
  EXPECT_EQ(waits, 1U);
}

/// A shell's child stays in its stop until everybody is let go on.
TEST_F(TracerTest, FrozenChildGoesOnInTheEnd) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const TempDirectory directory;
  const std::string mark = directory.path("mark");
  const Call shell{
      .plugin = "/bin/sh", .command = "", .arguments = {"-c", "(: > " + mark + ") & wait"}};

  const Execution execution = tracer.run(shell, "", [](const SystemCall& call) -> Verdict {
    return {.kind = call.of_plugin ? Verdict::Kind::make : Verdict::Kind::freeze_others};
  });

  EXPECT_TRUE(execution.killed);
  EXPECT_EQ(names_in(directory.path()).count("mark"), 0U);
  EXPECT_EQ(tracer.await_orphans(), "");
  EXPECT_EQ(names_in(directory.path()).count("mark"), 1U);
}

}  // namespace
}  // namespace patchbay::test
