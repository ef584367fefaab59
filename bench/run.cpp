#include "run.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace patchbay::bench {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t kOutputLimit = std::size_t{1} << 20;

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw SystemError{errno, "create a pipe"};
  }
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

/// glibc starts the child with CLONE_VFORK: its cost does not depend on how big we are. It leads a
/// process group, by which its descendants are known.
pid_t spawn(const Command& command, int in, int out) {
  std::vector<std::string> environment = command.environment;
  const auto variables = pointers_to(environment);
  auto words = arguments_of(command);
  const auto arguments = pointers_to(words);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int error = ::posix_spawnp(
      &pid, command.path.c_str(), &actions, &attributes, arguments.data(), variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw SystemError{error, "execute " + quote(command.path)};
  }
  return pid;
}

double milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double cpu_ms(const rusage& usage) {
  return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

/// Its usage includes that of the descendants it has awaited.
int reap(pid_t pid, rusage& usage) {
  int status = 0;
  while (::wait4(pid, &status, 0, &usage) < 0) {
    if (errno != EINTR) {
      throw SystemError{errno, "wait for a plugin"};
    }
  }
  return status;
}

/// Waits for what the plugin left running; its CPU time in milliseconds.
double reap_orphans(pid_t group) {
  double total_ms = 0;
  rusage usage{};
  pid_t pid = 0;
  while ((pid = ::wait4(-group, nullptr, 0, &usage)) > 0 || errno == EINTR) {
    total_ms += pid > 0 ? cpu_ms(usage) : 0;
  }
  return total_ms;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    text += word + " ";
  }
  return text;
}

struct Process {
  pid_t pid;
  UniqueFd output;
};

Process start(const Command& command) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  // Written before: the pipe takes it all, and a plugin that does not read is no reason for
  // SIGPIPE.
  write_all(in.write_end.get(), command.input, "write a plugin's input");
  in.write_end.reset();
  const pid_t pid = spawn(command, in.read_end.get(), out.write_end.get());
  return {pid, std::move(out.read_end)};
}

}  // namespace

void adopt_orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    throw SystemError{errno, "become a subreaper"};
  }
}

Execution run(const std::vector<Command>& commands) {
  Execution execution;
  std::vector<Process> processes;
  std::vector<int> statuses;
  processes.reserve(commands.size());
  statuses.reserve(commands.size());
  const auto start_time = steady_clock::now();
  for (const auto& command : commands) {
    processes.push_back(start(command));
  }
  for (auto& process : processes) {
    rusage usage{};
    execution.outputs.push_back(read_all(process.output.get(), kOutputLimit).value_or(""));
    statuses.push_back(reap(process.pid, usage));
    execution.sample.cpu_ms += cpu_ms(usage);
  }
  const std::chrono::duration<double, std::milli> wall = steady_clock::now() - start_time;
  execution.sample.wall_ms = wall.count();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    execution.sample.cpu_ms += reap_orphans(processes[i].pid);
    require_success(commands[i], statuses[i], execution.outputs[i]);
  }
  return execution;
}

void require_success(const Command& command, int status, const std::string& output) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return;
  }
  throw Error{
      ErrorCode::internal,
      joined(arguments_of(command)) + "failed\n  environment: " + joined(command.environment) +
          "\n  input: " + command.input + "\n  output: " + output};
}

std::vector<std::string> arguments_of(const Command& command) {
  std::vector<std::string> words{command.path};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  return words;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (auto& text : strings) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace patchbay::bench
