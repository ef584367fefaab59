#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "proof/tracer.h"

namespace patchbay::test {

/// A kind of system call and the errors that it is made to fail with, those that fit it of ENOMEM,
/// ENOBUFS, ENOSPC, EIO, EBUSY, EINTR and EAGAIN.
struct Fault {
  long call;
  const char* name;
  std::vector<int> errors;
  /// The call is made all the same: the kernel closes a file whatever it says.
  bool made = false;
};

/// Every kind of call that is made to fail. Kinds that no plugin makes are no burden.
const std::vector<Fault>& faults();

/// What may be done to a netlink message that a process has received.
enum class Tampering {
  none,
  interrupted,  ///< The dump it is part of was interrupted (NLM_F_DUMP_INTR).
  cut_short,    ///< Its last four bytes are missing.
  beheaded      ///< There is nothing left but half a header.
};

/// One experiment: the `number`th call of this kind fails, or what it has received is tampered
/// with.
struct Experiment {
  const Fault* fault;
  int error;            ///< 0: tampering
  Tampering tampering;  ///< With what recvfrom() has received from a netlink socket.
  unsigned number;      ///< From 1.

  [[nodiscard]] std::string describe() const;
};

/// Judges the system calls of one execution, so that one of them fails.
class Injector {
 public:
  explicit Injector(const Experiment& experiment) : experiment_{experiment} {}

  Verdict operator()(const SystemCall& call);

  /// Whether there was such a call.
  [[nodiscard]] bool hit() const { return hit_; }
  /// It was the one that writes the plugin's answer.
  [[nodiscard]] bool hit_answer() const { return hit_answer_; }
  /// It was one of those by which the C library starts a program: before main().
  [[nodiscard]] bool hit_start() const { return hit_start_; }

 private:
  std::int64_t tamper(const SystemCall& call, std::int64_t result);

  Experiment experiment_;
  unsigned seen_ = 0;
  bool hit_ = false;
  bool hit_answer_ = false;
  bool hit_start_ = false;
  std::set<pid_t> begun_;  ///< Processes that have come to main().
};

/// Counts the calls of every kind, judging none.
class Counter {
 public:
  Verdict operator()(const SystemCall& call) {
    ++calls_[call.number];
    return {};
  }
  /// One experiment for each call and each of its errors.
  [[nodiscard]] std::vector<Experiment> experiments() const;
  /// One for each reception and kind of tampering.
  [[nodiscard]] std::vector<Experiment> tamperings() const;

 private:
  std::map<long, unsigned> calls_;
};

}  // namespace patchbay::test
