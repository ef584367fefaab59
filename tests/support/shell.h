#pragma once

#include <string>

namespace patchbay::test {

/// What a command left.
struct Outcome {
  int status = 0;      ///< The exit status; 128 plus the signal's number when killed.
  std::string output;  ///< stdout and stderr
};

/// Runs `command` by /bin/sh in the calling thread's namespaces.
Outcome try_shell(const std::string& command);

/// As try_shell(), but returns the output; throws std::runtime_error when the command fails.
std::string shell(const std::string& command);

}  // namespace patchbay::test
