#include "proof/crew.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>
#include <unistd.h>
#include <vector>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "support/require_kernel.h"

namespace patchbay::test {

namespace {

constexpr unsigned kCrew = 4;
constexpr int kSkipped = 77;

struct Crew {
  unsigned size;
  unsigned stride;
};

Crew crew_of_this_machine() {
  const char* every = std::getenv("PATCHBAY_PROOF_EVERY");
  return every == nullptr ? Crew{kCrew, 1} : Crew{1, static_cast<unsigned>(std::stoul(every))};
}

/// In memory that children share.
Work& share_work(unsigned stride) {
  void* memory =
      ::mmap(nullptr, sizeof(Work), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::bad_alloc{};
  }
  return *new (memory) Work{stride};
}

int exit_status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string describe(const Execution& execution) {
  return "exit status " + std::to_string(execution.answer.status) +
         (execution.hung ? " (it hung)" : "") + "\nstdout: " + execution.answer.output +
         "\nstderr: " + execution.answer.errors;
}

void expect_success(const Execution& execution) {
  EXPECT_TRUE(execution.answer.ok()) << describe(execution);
}

/// Runs in a process of its own; the exit status.
int ProofTest::work_alone(const std::function<void(Stage&, Work&)>& make, Work& work) {
  HostTest::SetUp();
  if (IsSkipped()) {
    return kSkipped;
  }
  if (HasFatalFailure()) {
    return EXIT_FAILURE;
  }
  const Subject& subject = GetParam();
  if ((subject.needs_vlan_filtering && !has_vlan_filtering()) ||
      (subject.needs_switch && !has_open_vswitch())) {
    return kSkipped;
  }
  make_namespace("c1");
  try {
    Stage stage{subject};
    make(stage, work);
  } catch (const std::exception& e) {
    ADD_FAILURE() << e.what();
  }
  HostTest::TearDown();
  return HasFailure() ? EXIT_FAILURE : EXIT_SUCCESS;
}

void ProofTest::share(const char* what, const std::function<void(Stage&, Work&)>& make) {
  const auto [size, stride] = crew_of_this_machine();
  Work& work = share_work(stride);
  std::vector<pid_t> crew;
  (void)std::fflush(nullptr);
  for (unsigned number = 0; number < size; ++number) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int status = work_alone(make, work);
      (void)std::fflush(nullptr);
      ::_exit(status);
    }
    crew.push_back(pid);
  }
  bool skipped = false;
  for (const pid_t pid : crew) {
    const int status = exit_status_of(pid);
    skipped = skipped || status == kSkipped;
    EXPECT_TRUE(status == EXIT_SUCCESS || status == kSkipped) << "exit status " << status;
  }
  std::cout << "proof: " << GetParam().name << ": " << what << ": " << work.experiments() << '\n';
  if (skipped) {
    PATCHBAY_SKIP("the kernel lacks what this subject needs");
  }
}

}  // namespace patchbay::test
