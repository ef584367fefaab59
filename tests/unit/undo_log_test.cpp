#include "base/undo_log.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/best_effort.h"
#include "base/error.h"
#include "support/thrown.h"

namespace patchbay {
namespace {

using test::thrown_by;

[[noreturn]] void fail(ErrorCode code, const std::string& message) {
  throw Error{code, message};
}

TEST(UndoLogTest, RunsTheNewestStepFirst) {
  std::vector<int> order;

  {
    UndoLog undo;
    undo.on_failure("undo 1", [&] { order.push_back(1); });
    undo.on_failure("undo 2", [&] { order.push_back(2); });
  }

  EXPECT_EQ(order, (std::vector{2, 1}));
}

TEST(UndoLogTest, CommitForgetsEveryStep) {
  bool undone = false;

  {
    UndoLog undo;
    undo.on_failure("undo", [&] { undone = true; });
    undo.commit();
  }

  EXPECT_FALSE(undone);
}

TEST(UndoLogTest, StepThatFailsDoesNotStopTheOthers) {
  bool undone = false;

  {
    UndoLog undo;
    undo.on_failure("undo 1", [&] { undone = true; });
    undo.on_failure("undo 2", [] { fail(ErrorCode::kernel, "refused"); });
  }

  EXPECT_TRUE(undone);
}

TEST(UndoLogTest, RunsWhileAnErrorPasses) {
  bool undone = false;

  const Error error = thrown_by([&] {
    UndoLog undo;
    undo.on_failure("undo", [&] { undone = true; });
    fail(ErrorCode::exhausted, "nothing left");
  });

  EXPECT_TRUE(undone);
  EXPECT_EQ(error.code(), ErrorCode::exhausted);
}

TEST(BestEffortTest, FinishReturnsWhenEverythingWentWell) {
  BestEffort teardown;
  teardown.attempt("one", [] {});

  EXPECT_NO_THROW(teardown.finish());
}

TEST(BestEffortTest, GoesOnAndReportsEveryFailureUnderTheFirstCode) {
  bool reached = false;
  BestEffort teardown;
  teardown.attempt("one", [] { fail(ErrorCode::kernel, "refused"); });
  teardown.attempt("two", [&] { reached = true; });
  teardown.attempt("three", [] { fail(ErrorCode::io_failure, "disk full"); });

  const Error error = thrown_by([&] { teardown.finish(); });

  EXPECT_TRUE(reached);
  EXPECT_EQ(error.code(), ErrorCode::kernel);
  EXPECT_STREQ(error.what(), "one: refused; three: disk full");
}

}  // namespace
}  // namespace patchbay
