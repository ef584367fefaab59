// Whatever system call fails, once: ADD does all or nothing, and says so; DEL and GC come to an
// end, and a repetition finishes what they could not.

#include "proof/crew.h"
#include "proof/faults.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

using nlohmann::json;

class FaultyTest : public ProofTest {
 protected:
  /// Which experiments are made, given how often each call is made.
  using Choice = std::vector<Experiment> (Counter::*)() const;

  static void expect_all_or_nothing(Stage& stage, Work& work, Choice choice);
  /// The same on a machine where nothing has been attached yet: nothing stays but what is for the
  /// next container too, which it serves, though it may be half made.
  static void expect_all_or_nothing_on_empty_machine(Stage& stage, Work& work, Choice choice);
  static void expect_end(Stage& stage, Work& work, Command command, Choice choice);
};

/// An error object, unless the plugin did not come so far as to be able to print one.
testing::AssertionResult explains_itself(const Execution& execution, const Injector& injector) {
  if (execution.answer.code() != 0 || injector.hit_start() || injector.hit_answer()) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "no error object: " << describe(execution);
}

void judge_add(Stage& stage, const Execution& added, const Injector& injector) {
  EXPECT_FALSE(added.hung);
  if (added.answer.ok()) {
    EXPECT_TRUE(json::accept(added.answer.output)) << describe(added);
    expect_success(stage.run(Command::check));
    expect_success(stage.run(Command::del));
    return;
  }
  EXPECT_TRUE(explains_itself(added, injector));
  if (injector.hit_answer()) {
    expect_success(stage.run(Command::del));
  }
}

/// Those of all experiments that fall to this process.
template <typename Make>
void share_out(const std::vector<Experiment>& all, Work& work, const Make& make) {
  for (unsigned at = work.take(); at < all.size() && !testing::Test::HasFailure();
       at = work.take()) {
    SCOPED_TRACE(all[at].describe());
    if (make(all[at])) {
      work.count_experiment();
    }
  }
}

void FaultyTest::expect_all_or_nothing(Stage& stage, Work& work, Choice choice) {
  expect_success(stage.run(Command::add));
  expect_success(stage.run(Command::del));
  Counter counter;
  expect_success(stage.run(Command::add, std::ref(counter)));
  expect_success(stage.run(Command::del));
  const std::string before = stage.state();
  share_out((counter.*choice)(), work, [&](const Experiment& experiment) {
    Injector injector{experiment};
    const Execution added = stage.run(Command::add, std::ref(injector));
    judge_add(stage, added, injector);
    EXPECT_TRUE(is_same(before, stage.state())) << describe(added);
    return injector.hit();
  });
}

void FaultyTest::expect_all_or_nothing_on_empty_machine(Stage& stage, Work& work, Choice choice) {
  const std::string before = stage.state_without_shared();
  Counter counter;
  expect_success(stage.run(Command::add, std::ref(counter)));
  expect_success(stage.run(Command::del));
  stage.clear();
  share_out((counter.*choice)(), work, [&](const Experiment& experiment) {
    Injector injector{experiment};
    const Execution added = stage.run(Command::add, std::ref(injector));
    judge_add(stage, added, injector);
    EXPECT_TRUE(is_same(before, stage.state_without_shared())) << describe(added);
    if (!added.answer.ok()) {
      for (const auto command : {Command::add, Command::check, Command::del}) {
        expect_success(stage.run(command));
      }
    }
    stage.clear();
    return injector.hit();
  });
}

void FaultyTest::expect_end(Stage& stage, Work& work, Command command, Choice choice) {
  expect_success(stage.run(Command::add));
  Counter counter;
  expect_success(stage.run(command, std::ref(counter)));
  const std::string before = stage.state();
  share_out((counter.*choice)(), work, [&](const Experiment& experiment) {
    expect_success(stage.run(Command::add));
    Injector injector{experiment};
    const Execution first = stage.run(command, std::ref(injector));
    EXPECT_FALSE(first.hung);
    if (!first.answer.ok()) {
      EXPECT_TRUE(explains_itself(first, injector));
      expect_success(stage.run(command));
    }
    EXPECT_TRUE(is_same(before, stage.state())) << describe(first);
    return injector.hit();
  });
}

TEST_P(FaultyTest, AddDoesAllOrNothing) {
  share("ADD with a call that fails", [](Stage& stage, Work& work) {
    expect_all_or_nothing(stage, work, &Counter::experiments);
  });
}

TEST_P(FaultyTest, AddOnAnEmptyMachineDoesAllOrNothing) {
  share("ADD on an empty machine with a call that fails", [](Stage& stage, Work& work) {
    expect_all_or_nothing_on_empty_machine(stage, work, &Counter::experiments);
  });
}

TEST_P(FaultyTest, DelComesToAnEnd) {
  share("DEL with a call that fails", [](Stage& stage, Work& work) {
    expect_end(stage, work, Command::del, &Counter::experiments);
  });
}

TEST_P(FaultyTest, GcComesToAnEnd) {
  share("GC with a call that fails", [](Stage& stage, Work& work) {
    expect_end(stage, work, Command::gc, &Counter::experiments);
  });
}

TEST_P(FaultyTest, AddFedTamperedMessagesDoesAllOrNothing) {
  share("ADD with a netlink message tampered with", [](Stage& stage, Work& work) {
    expect_all_or_nothing(stage, work, &Counter::tamperings);
  });
}

TEST_P(FaultyTest, AddOnAnEmptyMachineFedTamperedMessagesDoesAllOrNothing) {
  share(
      "ADD on an empty machine with a netlink message tampered with", [](Stage& stage, Work& work) {
        expect_all_or_nothing_on_empty_machine(stage, work, &Counter::tamperings);
      });
}

TEST_P(FaultyTest, DelFedTamperedMessagesComesToAnEnd) {
  share("DEL with a netlink message tampered with", [](Stage& stage, Work& work) {
    expect_end(stage, work, Command::del, &Counter::tamperings);
  });
}

TEST_P(FaultyTest, GcFedTamperedMessagesComesToAnEnd) {
  share("GC with a netlink message tampered with", [](Stage& stage, Work& work) {
    expect_end(stage, work, Command::gc, &Counter::tamperings);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Proof, FaultyTest, testing::ValuesIn(subjects()), testing::PrintToStringParamName());

}  // namespace
}  // namespace patchbay::test
