// Killed at any system call, a plugin leaves nothing that DEL or GC does not take away.

#include <unistd.h>

#include <sys/syscall.h>

#include "proof/crew.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

using Kind = Verdict::Kind;

/// Kills at the `number`th system call, whoever makes it, and notes which one that was.
class Killer {
 public:
  Killer(Kind kind, unsigned number) : kind_{kind}, left_{number} {}

  Verdict operator()(const SystemCall& call) {
    if (left_ == 0 || --left_ != 0) {
      return {};
    }
    call_ = call.number;
    return {.kind = kind_};
  }
  [[nodiscard]] long call() const { return call_; }

 private:
  Kind kind_;
  unsigned left_;
  long call_ = -1;
};

class KilledTest : public ProofTest {
 protected:
  /// Kills the victim at one system call after the other; `judge` sees what came of it, and says
  /// whether to go on. First everybody is killed; then, when there is anybody else, the plugin
  /// alone, while the others go on at once, and while they go on after the remedy. With the runner
  /// they do not: DEL awaits the plugin that a killed ADD has left, by the lock that it holds.
  static void kill_at_every_call(
      Stage& stage,
      Command victim,
      Work& work,
      const std::function<void(const Execution&)>& examine);

  /// The same, and the remedy has to bring back what was before.
  static void expect_cure(Stage& stage, Work& work, Command victim, Command remedy);
};

void KilledTest::kill_at_every_call(
    Stage& stage,
    Command victim,
    Work& work,
    const std::function<void(const Execution&)>& examine) {
  unsigned processes = 1;
  std::size_t pass = 0;
  for (const Kind kind : {Kind::kill_everybody, Kind::kill_plugin, Kind::freeze_others}) {
    const bool alone = processes == 1 && kind != Kind::kill_everybody;
    if (alone || (kind == Kind::freeze_others && stage.is_runner())) {
      continue;
    }
    bool killed = true;
    while (killed && !HasFailure()) {
      const unsigned number = work.take(pass) + 1;
      if (victim != Command::add) {
        expect_success(stage.run(Command::add));
      }
      Killer killer{kind, number};
      const Execution struck = stage.run(victim, std::ref(killer));
      SCOPED_TRACE(
          "kill number " + std::to_string(static_cast<int>(kind)) + " at system call " +
          std::to_string(number) + ", which is number " + std::to_string(killer.call()));
      EXPECT_TRUE(struck.killed || struck.answer.ok()) << describe(struck);
      examine(struck);
      killed = struck.killed;
      processes = struck.processes;
      if (killed) {
        work.count_experiment();
      }
    }
    ++pass;
  }
}

void KilledTest::expect_cure(Stage& stage, Work& work, Command victim, Command remedy) {
  expect_success(stage.run(Command::add));
  expect_success(stage.run(Command::del));
  const std::string before = stage.state();
  kill_at_every_call(stage, victim, work, [&](const Execution&) {
    expect_success(stage.run(remedy));
    EXPECT_TRUE(is_same(before, stage.state()));
  });
}

TEST_P(KilledTest, AddThenDel) {
  share("ADD killed, then DEL", [](Stage& stage, Work& work) {
    expect_cure(stage, work, Command::add, Command::del);
  });
}

TEST_P(KilledTest, AddThenGc) {
  share("ADD killed, then GC", [](Stage& stage, Work& work) {
    expect_cure(stage, work, Command::add, Command::gc);
  });
}

TEST_P(KilledTest, DelThenDel) {
  share("DEL killed, then DEL", [](Stage& stage, Work& work) {
    expect_cure(stage, work, Command::del, Command::del);
  });
}

TEST_P(KilledTest, GcThenGc) {
  share("GC killed, then GC", [](Stage& stage, Work& work) {
    expect_cure(stage, work, Command::gc, Command::gc);
  });
}

/// Nothing is there that other containers could have left, and nothing but what is for them stays;
/// it may be half made, and serves the next container all the same.
TEST_P(KilledTest, AddOnAnEmptyMachineThenDel) {
  share("ADD on an empty machine killed, then DEL", [](Stage& stage, Work& work) {
    const std::string empty = stage.state();
    const std::string before = stage.state_without_shared();
    kill_at_every_call(stage, Command::add, work, [&](const Execution&) {
      expect_success(stage.run(Command::del));
      EXPECT_TRUE(is_same(before, stage.state_without_shared()));
      for (const auto command : {Command::add, Command::check, Command::del}) {
        expect_success(stage.run(command));
      }
      stage.clear();
      EXPECT_TRUE(is_same(empty, stage.state()));
    });
  });
}

/// Or the tests above would prove nothing: an ADD that is killed when it is about to answer has
/// left something, and that is seen.
TEST_P(KilledTest, AddLeavesSomethingToBeCured) {
  share("ADD killed when it answers, nothing done about it", [](Stage& stage, Work& work) {
    expect_success(stage.run(Command::add));
    expect_success(stage.run(Command::del));
    const std::string before = stage.state();
    const Execution struck = stage.run(Command::add, [](const SystemCall& call) -> Verdict {
      const bool answers =
          call.of_plugin && call.number == SYS_write && call.arguments[0] == STDOUT_FILENO;
      return {.kind = answers ? Kind::kill_everybody : Kind::make};
    });
    EXPECT_TRUE(struck.killed);
    EXPECT_FALSE(is_same(before, stage.state()));
    expect_success(stage.run(Command::del));
    work.count_experiment();
  });
}

INSTANTIATE_TEST_SUITE_P(
    Proof, KilledTest, testing::ValuesIn(subjects()), testing::PrintToStringParamName());

}  // namespace
}  // namespace patchbay::test
