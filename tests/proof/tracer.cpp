#include "proof/tracer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "base/file.h"
#include "support/temp_directory.h"

namespace patchbay::test {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatienceWithOrphans{30};

constexpr long kOptions = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                          PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
constexpr int kSyscallStop = SIGTRAP | 0x80;  // ptrace(2), PTRACE_O_TRACESYSGOOD
constexpr std::size_t kOutputLimit = std::size_t{16} << 20;
constexpr int kNotExecuted = 127;

/// Alarms so far. Counted rather than timed: while this machine stands still, none comes.
volatile std::sig_atomic_t alarms = 0;

extern "C" void on_alarm(int /*signal*/) {
  alarms = alarms + 1;
}

/// Interrupts waitpid() every second.
class Clock {
 public:
  Clock() {
    alarms = 0;
    set(1);
  }
  ~Clock() { set(0); }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  Clock(Clock&&) = delete;
  Clock& operator=(Clock&&) = delete;

 private:
  static void set(time_t period) {
    const itimerval timer{{period, 0}, {period, 0}};
    (void)::setitimer(ITIMER_REAL, &timer, nullptr);
  }
};

UniqueFd make_file() {
  UniqueFd fd{::memfd_create("stream", MFD_CLOEXEC)};
  if (!fd) {
    throw std::runtime_error{"create a file in memory: " + std::string{std::strerror(errno)}};
  }
  return fd;
}

std::string contents(const UniqueFd& file) {
  (void)::lseek(file.get(), 0, SEEK_SET);
  return read_all(file.get(), kOutputLimit).value_or("");
}

/// The thread group of a thread; the thread itself when it is gone.
pid_t process_of(pid_t thread) {
  std::ifstream status{"/proc/" + std::to_string(thread) + "/status"};
  for (std::string word; status >> word;) {
    if (word == "Tgid:") {
      pid_t process = thread;
      status >> process;
      return process;
    }
  }
  return thread;
}

void go_on(pid_t thread, int signal = 0) {
  (void)::ptrace(PTRACE_SYSCALL, thread, 0L, static_cast<long>(signal));
}

void set_register(pid_t thread, std::size_t offset, std::int64_t value) {
  (void)::ptrace(PTRACE_POKEUSER, thread, offset, value);
}

/// brk() tells a failure by the break that stays as it is, which is also how it answers 0.
bool fails_without_errno(const SystemCall& call) {
  return call.number == SYS_brk;
}

void refuse(const SystemCall& call) {
  if (fails_without_errno(call)) {
    set_register(call.thread, offsetof(user, regs.rdi), 0);
  } else {
    set_register(call.thread, offsetof(user, regs.orig_rax), -1);
  }
}

void finish_refusal(const SystemCall& call, int error) {
  if (fails_without_errno(call)) {
    set_register(
        call.thread, offsetof(user, regs.rdi), static_cast<std::int64_t>(call.arguments[0]));
  } else {
    set_register(call.thread, offsetof(user, regs.rax), -error);
  }
}

/// What the kernel tells itself (include/linux/errno.h): that a call was interrupted, or that a
/// lock was taken, and that it is to be made again. The program does not see it.
bool is_restart(std::int64_t result) {
  constexpr std::int64_t kRestart = -512;           // ERESTARTSYS
  constexpr std::int64_t kRestartAnyway = -513;     // ERESTARTNOINTR
  constexpr std::int64_t kRestartNoHandler = -514;  // ERESTARTNOHAND
  return result == kRestart || result == kRestartAnyway || result == kRestartNoHandler;
}

void set_result(pid_t thread, std::int64_t result) {
  set_register(thread, offsetof(user, regs.rax), result);
}

/// All children of this process, of every thread.
std::set<pid_t> children() {
  const std::string self = std::to_string(::getpid());
  std::ifstream file{"/proc/" + self + "/task/" + self + "/children"};
  std::set<pid_t> pids;
  for (pid_t pid = 0; file >> pid;) {
    pids.insert(pid);
  }
  return pids;
}

/// A signal that is waited for rather than handled.
class SignalBlocked {
 public:
  explicit SignalBlocked(int signal) {
    sigemptyset(&signal_);
    sigaddset(&signal_, signal);
    (void)::sigprocmask(SIG_BLOCK, &signal_, &before_);
  }
  ~SignalBlocked() { (void)::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalBlocked(const SignalBlocked&) = delete;
  SignalBlocked& operator=(const SignalBlocked&) = delete;
  SignalBlocked(SignalBlocked&&) = delete;
  SignalBlocked& operator=(SignalBlocked&&) = delete;

  void wait(const timespec& longest) const { (void)::sigtimedwait(&signal_, nullptr, &longest); }

 private:
  sigset_t signal_{};
  sigset_t before_{};
};

std::string names_of(const std::set<pid_t>& pids) {
  std::string names;
  for (const pid_t pid : pids) {
    const std::string directory = "/proc/" + std::to_string(pid);
    std::string words = contents_of(directory + "/cmdline");
    std::replace(words.begin(), words.end(), '\0', ' ');
    names +=
        "process " + std::to_string(pid) + ": " + words + "\n" + contents_of(directory + "/stack");
  }
  return names;
}

/// Becomes the plugin as soon as `go` is closed at its other end.
[[noreturn]] void become(
    const Call& call, const std::array<int, 3>& streams, const std::array<int, 2>& go) {
  auto words = arguments_of(call);
  auto variables = environment_of(call);
  const auto arguments = pointers_to(words);
  const auto environment = pointers_to(variables);
  for (int stream = 0; stream < 3; ++stream) {
    (void)::dup2(streams.at(static_cast<std::size_t>(stream)), stream);
  }
  (void)::close(go[1]);
  char nothing = 0;
  (void)!::read(go[0], &nothing, 1);
  ::execve(arguments.front(), arguments.data(), environment.data());
  ::_exit(kNotExecuted);
}

}  // namespace

Tracer::Tracer() : residents_{children()} {
  struct sigaction action {};
  action.sa_handler = on_alarm;  // without SA_RESTART
  (void)::sigaction(SIGALRM, &action, nullptr);
}

Execution Tracer::run(const Call& call, const std::string& input, const Judge& judge) {
  const UniqueFd in = make_file();
  const UniqueFd out = make_file();
  const UniqueFd err = make_file();
  write_all(in.get(), input, "write a plugin's input");
  (void)::lseek(in.get(), 0, SEEK_SET);
  judge_ = judge ? &judge : nullptr;
  status_.reset();
  doomed_ = false;
  killed_ = false;
  processes_.clear();
  start(call, {in.get(), out.get(), err.get()});
  const bool in_time = follow();
  judge_ = nullptr;
  Execution execution{
      .answer = {.output = contents(out), .errors = contents(err)},
      .killed = killed_,
      .hung = !in_time,
      .processes = static_cast<unsigned>(processes_.size())};
  const int status = *status_;
  execution.answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return execution;
}

void Tracer::start(const Call& call, const std::array<int, 3>& streams) {
  std::array<int, 2> go{};
  if (::pipe2(go.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error{"create a pipe: " + std::string{std::strerror(errno)}};
  }
  const UniqueFd read_end{go[0]};
  const UniqueFd write_end{go[1]};
  plugin_ = ::fork();
  if (plugin_ < 0) {
    throw std::runtime_error{"fork: " + std::string{std::strerror(errno)}};
  }
  if (plugin_ == 0) {
    become(call, streams, go);
  }
  if (judge_ != nullptr && ::ptrace(PTRACE_SEIZE, plugin_, 0L, kOptions) != 0) {
    throw std::runtime_error{"trace a plugin: " + std::string{std::strerror(errno)}};
  }
}

/// Until the plugin has ended, and everybody else if they are to be killed. False when that takes
/// too long.
bool Tracer::follow() {
  const Clock clock;
  bool in_time = true;
  while (!status_ || (doomed_ && !tasks_.empty())) {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL);
    if (thread > 0) {
      handle(thread, status);
    } else if (errno != EINTR) {
      throw std::runtime_error{"wait for a plugin: " + std::string{std::strerror(errno)}};
    } else if (alarms > kPatience) {
      in_time = false;
      kill_everybody();
    }
  }
  release();
  return in_time;
}

/// Who still runs is left alone from its next stop on.
void Tracer::release() {
  for (auto& [thread, task] : tasks_) {
    task.released = true;
    (void)::ptrace(PTRACE_INTERRUPT, thread, 0L, 0L);
  }
}

void Tracer::leave_alone(pid_t thread, int signal) {
  tasks_.erase(thread);
  (void)::ptrace(PTRACE_DETACH, thread, 0L, static_cast<long>(signal));
}

void Tracer::handle(pid_t thread, int status) {
  if (WIFSTOPPED(status)) {
    stopped(thread, status);
    return;
  }
  tasks_.erase(thread);
  if (thread == plugin_) {
    status_ = status;
  }
}

Tracer::Task& Tracer::task_of(pid_t thread) {
  const auto [found, is_new] = tasks_.try_emplace(thread);
  if (is_new) {
    found->second.process = process_of(thread);
    processes_.insert(found->second.process);
  }
  return found->second;
}

void Tracer::stopped(pid_t thread, int status) {
  const int event = status >> 16;
  const int signal = WSTOPSIG(status);
  const bool of_ours = event == 0 && signal != kSyscallStop;  // it is about to get a signal
  Task& task = task_of(thread);
  if (frozen_ && task.process != plugin_) {
    return;
  }
  if (task.released || judge_ == nullptr) {  // without a judge: a child of somebody released
    leave_alone(thread, of_ours ? signal : 0);
  } else if (doomed_) {
    (void)::kill(task.process, SIGKILL);
  } else if (signal == kSyscallStop) {
    system_call(thread, task);
  } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
    (void)::ptrace(PTRACE_LISTEN, thread, 0L, 0L);  // stopped by a signal, as anybody may be
  } else {
    go_on(thread, of_ours ? signal : 0);
  }
}

void Tracer::system_call(pid_t thread, Task& task) {
  __ptrace_syscall_info info{};
  (void)::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info);
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    if (std::exchange(task.restarts, false)) {
      go_on(thread);
      return;
    }
    task.call = {
        .thread = thread,
        .process = task.process,
        .of_plugin = task.process == plugin_,
        .number = static_cast<long>(info.entry.nr),
        .arguments = {}};
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), task.call.arguments.begin());
    enter(task);
    return;
  }
  task.restarts = is_restart(info.exit.rval);
  if (task.restarts) {
    go_on(thread);
    return;
  }
  if (task.verdict.kind == Verdict::Kind::refuse) {
    finish_refusal(task.call, task.verdict.error);
  } else if (task.verdict.kind == Verdict::Kind::spoil) {
    const std::int64_t result = info.exit.rval;
    if (const auto spoilt = task.verdict.spoil(task.call, result); spoilt != result) {
      set_result(thread, spoilt);
    }
  }
  task.verdict = {};
  go_on(thread);
}

void Tracer::enter(Task& task) {
  const pid_t thread = task.call.thread;
  task.verdict = judge_ == nullptr ? Verdict{} : (*judge_)(task.call);
  switch (task.verdict.kind) {
    case Verdict::Kind::kill_everybody:
      killed_ = true;
      kill_everybody();
      return;
    case Verdict::Kind::kill_plugin:
    case Verdict::Kind::freeze_others:
      killed_ = true;
      frozen_ = task.verdict.kind == Verdict::Kind::freeze_others;
      (void)::kill(plugin_, SIGKILL);
      // The caller may be somebody else, who lives.
      if (!task.call.of_plugin && !frozen_) {
        go_on(thread);
      }
      return;
    case Verdict::Kind::refuse:
      refuse(task.call);
      break;
    default:
      break;
  }
  go_on(thread);
}

void Tracer::kill_everybody() {
  doomed_ = true;
  (void)::kill(plugin_, SIGKILL);
  for (const auto& [thread, task] : tasks_) {
    (void)::kill(task.process, SIGKILL);
  }
}

std::string Tracer::await_orphans() {
  constexpr timespec kPause{0, 20'000'000};
  const auto deadline = steady_clock::now() + kPatienceWithOrphans;
  const SignalBlocked child{SIGCHLD};
  frozen_ = false;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    leave_alone((task++)->first, 0);  // who is not in a stop comes to one, see release()
  }
  std::set<pid_t> left;
  do {
    int status = 0;
    for (pid_t thread = 0; (thread = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
      handle(thread, status);
    }
    left = children();
    std::erase_if(left, [&](pid_t pid) { return residents_.count(pid) != 0; });
    if (!left.empty()) {
      child.wait(kPause);
    }
  } while (!left.empty() && steady_clock::now() < deadline);
  return names_of(left);
}

}  // namespace patchbay::test
