#pragma once

#include <string>
#include <vector>

namespace patchbay::bench {

/// One execution of a plugin, as a runtime would do it.
struct Command {
  std::string path;                      ///< Looked for in our PATH when there is no '/' in it.
  std::vector<std::string> arguments{};  ///< Without the program's name.
  std::vector<std::string> environment;  ///< All of it, as NAME=value.
  std::string input{};                   ///< stdin; at most what a pipe takes (64 KiB).
  bool may_fail = false;                 ///< It counts all the same.
};

/// What one execution cost.
struct Sample {
  double wall_ms = 0;  ///< From before the first process is started until the last is reaped.
  double cpu_ms = 0;   ///< User and system time of the processes and of all their descendants.
  std::vector<double> latencies_ms{};  ///< From then until each of the processes had ended.
};

struct Execution {
  Sample sample;
  std::vector<std::string> outputs;  ///< stdout of each.
};

/// Makes orphaned descendants ours to reap, so that what a plugin leaves behind to finish its work
/// is awaited, and its CPU time counted. Once, before the first run().
void adopt_orphans();

/// Runs `commands` at the same time in the calling thread's namespaces: posix_spawn, stdin, stdout
/// to its end, wait4. Then, off the clock, waits until no descendant is left; a daemon, which has
/// made a session of its own, is none.
/// Throws Error with what it printed when one that may not fail does not exit with status 0.
Execution run(const std::vector<Command>& commands);

/// Throws Error quoting the command and `output` when `status` (of waitpid) is not success and that
/// matters.
void require_success(const Command& command, int status, const std::string& output);

/// What main() of `command` gets for argv.
std::vector<std::string> arguments_of(const Command& command);
/// A null-terminated vector of pointers into `strings`, for execve.
std::vector<char*> pointers_to(std::vector<std::string>& strings);

}  // namespace patchbay::bench
