#pragma once

#include <string>

#include "run.h"

namespace patchbay::bench {

/// What one execution needed besides time.
struct Census {
  long peak_rss_kb = 0;   ///< The largest peak of any single process of the execution.
  int processes = 0;      ///< Started in all, the plugin itself included.
  long system_calls = 0;  ///< Of all of them, from the plugin's exec on.
  long received = 0;      ///< Bytes that recvfrom(2) has given: what came from daemons.
};

/// Runs `command` once more under ptrace, off the clock, and counts; its stdout goes to `output`.
///
/// Why not ru_maxrss: exec() carries the memory of the process that forked over into it, so no
/// figure would be smaller than the benchmark itself. Throws Error when the command fails.
Census take_census(const Command& command, std::string& output);

}  // namespace patchbay::bench
