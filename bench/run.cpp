#include "run.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
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
  std::string text{};
  int status = 0;
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

double milliseconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>{steady_clock::now() - start}.count();
}

/// Takes what `process` has printed; at the end of it, the process is reaped.
void read_some(Process& process, steady_clock::time_point start, Sample& sample) {
  std::array<char, 65536> chunk{};
  const auto got = ::read(process.output.get(), chunk.data(), chunk.size());
  if (got > 0) {
    process.text.append(chunk.data(), static_cast<std::size_t>(got));
    return;
  }
  rusage usage{};
  process.output.reset();
  process.status = reap(process.pid, usage);
  sample.cpu_ms += cpu_ms(usage);
  sample.latencies_ms.push_back(milliseconds_since(start));
}

/// Until all have ended, in whatever order they do.
void follow(std::vector<Process>& processes, steady_clock::time_point start, Sample& sample) {
  std::vector<pollfd> outputs(processes.size());
  while (sample.latencies_ms.size() < processes.size()) {
    for (std::size_t i = 0; i < processes.size(); ++i) {
      outputs[i] = {processes[i].output ? processes[i].output.get() : -1, POLLIN, 0};
    }
    (void)::poll(outputs.data(), outputs.size(), -1);
    for (std::size_t i = 0; i < processes.size(); ++i) {
      if (outputs[i].revents != 0) {
        read_some(processes[i], start, sample);
      }
    }
  }
}

}  // namespace

void adopt_orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    throw SystemError{errno, "become a subreaper"};
  }
}

Execution run(const std::vector<Command>& commands) {
  Execution execution;
  Sample& sample = execution.sample;
  std::vector<Process> processes;
  processes.reserve(commands.size());
  sample.latencies_ms.reserve(commands.size());
  const auto start_time = steady_clock::now();
  for (const auto& command : commands) {
    processes.push_back(start(command));
  }
  follow(processes, start_time, sample);
  sample.wall_ms = milliseconds_since(start_time);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    sample.cpu_ms += reap_orphans(processes[i].pid);
    require_success(commands[i], processes[i].status, processes[i].text);
    execution.outputs.push_back(std::move(processes[i].text));
  }
  return execution;
}

void require_success(const Command& command, int status, const std::string& output) {
  if (command.may_fail || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
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
