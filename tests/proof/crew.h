#pragma once

#include <atomic>
#include <functional>

#include "proof/stage.h"
#include "proof/subjects.h"
#include "support/host.h"

namespace patchbay::test {

/// How an execution has ended, and what it has printed.
std::string describe(const Execution& execution);
/// A failure of the test when the execution has failed.
void expect_success(const Execution& execution);

/// One of several processes that share a test's work: of all experiments it makes the first one
/// with this number (from 0), and every `stride`th after that.
struct Worker {
  unsigned first;
  unsigned stride;
  std::atomic<unsigned>& experiments;  ///< Of the whole crew; to be counted up.
};

/// A test of one subject that consists of many experiments. Much of their time is spent in waiting
/// for the kernel, so several processes, each on a host of its own, share them. Where everything is
/// slow, PATCHBAY_PROOF_EVERY=n lets a single one make every nth experiment, and no other.
class ProofTest : public HostTest, public testing::WithParamInterface<Subject> {
 protected:
  void SetUp() override {}
  void TearDown() override {}

  /// Runs `work` in every process of a crew. A failure in one of them is a failure of the test;
  /// prints `what` was done, and how many times.
  void share(const char* what, const std::function<void(Stage&, const Worker&)>& work);

 private:
  int work_alone(const std::function<void(Stage&, const Worker&)>& work, const Worker& worker);
};

}  // namespace patchbay::test
