#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"

namespace patchbay {

/// A running child: it is started at once, given its input when the caller is ready, and awaited.
/// stderr is shared with ours. A child that is not awaited is awaited by the destructor, its input
/// closed.
class Subprocess {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  /// Starts `path` with our environment, in which the variables of `changes` are replaced. Throws
  /// SystemError; ETXTBSY (the file is just being installed) is retried for a second.
  Subprocess(const std::string& path, const Environment& changes);
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  Subprocess(Subprocess&&) = delete;
  Subprocess& operator=(Subprocess&&) = delete;
  ~Subprocess();

  struct Outcome {
    std::string output;  ///< What it wrote to stdout, at most 16 MiB.
    int status;          ///< As waitpid gives it.
  };

  /// Sets what the child reads from stdin and writes as much of it as the pipe takes now.
  void give(std::string input);
  /// Writes the rest of the input, reads the child's stdout to the end and reaps it.
  Outcome finish();

 private:
  void start(const std::string& path, char* const* environment, int in, int out);
  int reap();

  pid_t pid_ = -1;
  UniqueFd to_child_;
  UniqueFd from_child_;
  std::string input_;
  std::string_view unwritten_;
};

}  // namespace patchbay
