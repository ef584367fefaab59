#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <sys/types.h>

#include "support/run_plugin.h"

namespace patchbay::test {

/// A system call that a traced process is about to make.
struct SystemCall {
  pid_t thread;
  pid_t process;
  bool of_plugin;  ///< By the plugin itself, not by a process that it has started.
  long number;
  std::array<std::uint64_t, 6> arguments;
};

/// Sees the result of a call that was made and gives the one that the process gets to see.
using Spoil = std::function<std::int64_t(const SystemCall&, std::int64_t result)>;

/// What becomes of a system call.
struct Verdict {
  enum class Kind {
    make,
    kill_everybody,  ///< The plugin and all that it has started, before the call is made.
    kill_plugin,     ///< The plugin alone; what it has started goes on.
    freeze_others,   ///< The same, but nobody goes on before await_orphans().
    refuse,          ///< The call is not made, and fails with `error`.
    spoil            ///< The call is made, and its result replaced.
  };
  Kind kind = Kind::make;
  int error = 0;
  Spoil spoil{};
};

using Judge = std::function<Verdict(const SystemCall&)>;

/// What came of an execution.
struct Execution {
  Answer answer;
  bool killed = false;     ///< By a verdict.
  bool hung = false;       ///< It took longer than kPatience, and was killed for that.
  unsigned processes = 1;  ///< That were seen, the plugin included.
};

/// Executes plugins, under ptrace where there is a judge of their system calls, those of all their
/// threads and of the processes that they start. Every child of this process has to be started by
/// it or be among those that were there before.
class Tracer {
 public:
  static constexpr int kPatience = 45;  ///< seconds; machines may be busy

  Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  Tracer(Tracer&&) = delete;
  Tracer& operator=(Tracer&&) = delete;
  ~Tracer() = default;

  /// Runs a plugin to its end. Processes that it leaves behind go on, untraced.
  Execution run(const Call& call, const std::string& input, const Judge& judge = nullptr);

  /// Lets frozen ones go on, and waits until every process that was left behind has ended; what is
  /// there when this is called first stays. Names the ones that do not end in time, else returns an
  /// empty string.
  std::string await_orphans();

 private:
  struct Task {
    pid_t process = 0;
    SystemCall call{};
    Verdict verdict{};
    bool restarts = false;  ///< The kernel is about to make the same call again.
    bool released = false;  ///< Of a plugin that has ended: to be left alone.
  };

  void start(const Call& call, const std::array<int, 3>& streams);
  bool follow();
  void release();
  void handle(pid_t thread, int status);
  void stopped(pid_t thread, int status);
  void system_call(pid_t thread, Task& task);
  void enter(Task& task);
  void leave_alone(pid_t thread, int signal);
  void kill_everybody();
  Task& task_of(pid_t thread);

  std::set<pid_t> residents_;
  std::map<pid_t, Task> tasks_;  ///< Threads that are traced.
  std::set<pid_t> processes_;    ///< Traced since the plugin has been started.
  const Judge* judge_ = nullptr;
  pid_t plugin_ = -1;
  std::optional<int> status_;  ///< Of the plugin, when it has ended.
  bool doomed_ = false;        ///< Everybody who is traced is to be killed.
  bool killed_ = false;
  bool frozen_ = false;  ///< Nobody who is released goes on yet.
};

}  // namespace patchbay::test
