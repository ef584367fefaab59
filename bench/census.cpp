#include "census.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <map>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace patchbay::bench {

namespace {

constexpr std::size_t kOutputLimit = std::size_t{1} << 20;
constexpr long kOptions = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                          PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL |
                          PTRACE_O_TRACESYSGOOD;
constexpr int kSyscallStop = SIGTRAP | 0x80;  // ptrace(2), PTRACE_O_TRACESYSGOOD

UniqueFd make_file(const std::string& bytes) {
  UniqueFd fd{::memfd_create("bench", MFD_CLOEXEC)};
  if (!fd) {
    throw SystemError{errno, "create a file in memory"};
  }
  write_all(fd.get(), bytes, "write a file in memory");
  (void)::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

/// A child that waits to be traced before it becomes the plugin.
pid_t start(const Command& command, int in, int out) {
  std::vector<std::string> environment = command.environment;
  const auto variables = pointers_to(environment);
  auto words = arguments_of(command);
  const auto arguments = pointers_to(words);
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw SystemError{errno, "fork"};
  }
  if (pid == 0) {
    (void)::dup2(in, STDIN_FILENO);
    (void)::dup2(out, STDOUT_FILENO);
    (void)::setpgid(0, 0);
    if (::ptrace(PTRACE_TRACEME, 0, 0L, 0L) != 0) {
      ::_exit(127);
    }
    (void)::raise(SIGSTOP);
    ::execvpe(command.path.c_str(), arguments.data(), variables.data());
    ::_exit(127);
  }
  return pid;
}

void resume(pid_t pid, int signal) {
  (void)::ptrace(PTRACE_SYSCALL, pid, 0L, static_cast<long>(signal));
}

void set_options(pid_t pid) {
  int status = 0;
  (void)::waitpid(pid, &status, 0);
  if (::ptrace(PTRACE_SETOPTIONS, pid, 0L, kOptions) != 0) {
    throw SystemError{errno, "trace a plugin"};
  }
  resume(pid, 0);
}

/// VmHWM of a process that has not let go of its memory yet.
long peak_rss_kb(pid_t pid) {
  const auto status = find_file("/proc/" + std::to_string(pid) + "/status").value_or("");
  constexpr std::string_view kKey = "VmHWM:";
  const auto key = status.find(kKey);
  if (key == std::string::npos) {
    return 0;
  }
  const auto digits = status.find_first_not_of(" \t", key + kKey.size());
  long value = 0;
  (void)std::from_chars(status.data() + digits, status.data() + status.size(), value);
  return value;
}

/// Looks at system calls as they are entered and left.
class SystemCalls {
 public:
  /// `pid` has stopped at one.
  void count(pid_t pid, Census& census) {
    __ptrace_syscall_info info{};
    (void)::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      ++census.system_calls;
      receiving_[pid] = info.entry.nr == SYS_recvfrom;
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && receiving_[pid]) {
      census.received += std::max<long>(info.exit.rval, 0);
    }
  }

 private:
  std::map<pid_t, bool> receiving_;
};

/// The signal with which a stopped process is to go on.
int judge_stop(pid_t pid, int status, Census& census) {
  const int event = status >> 16;
  if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) {
    ++census.processes;
  }
  if (event == PTRACE_EVENT_EXIT) {
    census.peak_rss_kb = std::max(census.peak_rss_kb, peak_rss_kb(pid));
  }
  const int signal = WSTOPSIG(status);
  if (signal == kSyscallStop) {
    return 0;
  }
  return event != 0 || signal == SIGSTOP ? 0 : signal;  // a new process begins with SIGSTOP
}

/// Follows the plugin and all its descendants to their ends; the plugin's own status.
int follow(pid_t plugin, Census& census) {
  SystemCalls system_calls;
  int result = 0;
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-plugin, &status, __WALL)) > 0 || errno == EINTR) {
    if (pid > 0 && WIFSTOPPED(status)) {
      if (WSTOPSIG(status) == kSyscallStop) {
        system_calls.count(pid, census);
      } else if (pid == plugin && status >> 16 == PTRACE_EVENT_EXEC) {
        census.system_calls = 0;  // those before were ours
      }
      resume(pid, judge_stop(pid, status, census));
    } else if (pid == plugin) {
      result = status;
    }
  }
  return result;
}

}  // namespace

Census take_census(const Command& command, std::string& output) {
  const UniqueFd in = make_file(command.input);
  const UniqueFd out = make_file({});
  Census census{.processes = 1};
  const pid_t pid = start(command, in.get(), out.get());
  set_options(pid);
  const int status = follow(pid, census);
  (void)::lseek(out.get(), 0, SEEK_SET);
  output = read_all(out.get(), kOutputLimit).value_or("");
  require_success(command, status, output);
  return census;
}

}  // namespace patchbay::bench
