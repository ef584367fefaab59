#pragma once

#include <string>
#include <vector>

namespace patchbay::bench {

/// One execution of a plugin, as a runtime would do it.
struct Command {
  std::string path;
  std::vector<std::string> environment;  ///< All of it, as NAME=value.
  std::string input;                     ///< stdin; at most what a pipe takes (64 KiB).
};

/// What one execution cost.
struct Sample {
  double wall_ms = 0;  ///< From before the process is started until it is reaped.
  double cpu_ms = 0;   ///< User and system time of the process and of all its descendants.
};

struct Execution {
  Sample sample;
  std::string output;  ///< stdout
};

/// Makes orphaned descendants ours to reap, so that what a plugin leaves behind to finish its work
/// is awaited, and its CPU time counted. Once, before the first run().
void adopt_orphans();

/// Runs `command` in the calling thread's namespaces: posix_spawn, stdin, stdout to its end,
/// wait4. Then, off the clock, waits until no descendant is left.
/// Throws Error with what it printed when it does not exit with status 0.
Execution run(const Command& command);

/// Throws Error quoting the command and `output` when `status` (of waitpid) is not success.
void require_success(const Command& command, int status, const std::string& output);

/// A null-terminated vector of pointers into `strings`, for execve.
std::vector<char*> pointers_to(std::vector<std::string>& strings);

}  // namespace patchbay::bench
