#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>

#include "proof/stage.h"
#include "proof/subjects.h"
#include "support/host.h"

namespace patchbay::test {

/// How an execution has ended, and what it has printed.
std::string describe(const Execution& execution);
/// A failure of the test when the execution has failed.
void expect_success(const Execution& execution);

/// The experiments of a test, which several processes share: each takes the next one that nobody
/// has taken, for some take much longer than others.
class Work {
 public:
  /// How often all of the experiments may be made, each time in another way.
  static constexpr std::size_t kPasses = 3;

  explicit Work(unsigned stride) : stride_{stride} {}

  /// The number of an experiment, from 0; only every `stride`th is ever given.
  unsigned take(std::size_t pass = 0) { return next_.at(pass).fetch_add(stride_); }
  void count_experiment() { ++experiments_; }
  [[nodiscard]] unsigned experiments() const { return experiments_; }

 private:
  unsigned stride_;
  std::array<std::atomic<unsigned>, kPasses> next_{};
  std::atomic<unsigned> experiments_{0};
};

/// A test of one subject that consists of many experiments. Much of their time is spent in waiting
/// for the kernel, so several processes, each on a host of its own, share them. Where everything is
/// slow, PATCHBAY_PROOF_EVERY=n lets a single one make every nth experiment, and no other.
class ProofTest : public HostTest, public testing::WithParamInterface<Subject> {
 protected:
  void SetUp() override {}
  void TearDown() override {}

  /// Runs `make` in every process of a crew. A failure in one of them is a failure of the test;
  /// prints `what` was done, and how many times.
  void share(const char* what, const std::function<void(Stage&, Work&)>& make);

 private:
  int work_alone(const std::function<void(Stage&, Work&)>& make, Work& work);
};

}  // namespace patchbay::test
