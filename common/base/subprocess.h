#pragma once

#include <chrono>
#include <optional>
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
  struct Options {
    std::vector<std::string> arguments{};  ///< Behind the name of the executable.
    /// The child leads a process group of its own, so that whatever it starts can be killed with
    /// it: by an expired timeout, and by the destructor when nobody has awaited the child.
    bool own_group = false;
    /// The child is killed when the thread that has started it ends, be it by SIGKILL: what nobody
    /// awaits any more must not go on behind the back of what comes next.
    bool dies_with_us = false;
  };

  /// Starts `path` with our environment, in which the variables of `changes` are replaced. Throws
  /// SystemError; ETXTBSY (the file is just being installed) is retried for a second.
  Subprocess(const std::string& path, const Environment& changes, const Options& options);
  Subprocess(const std::string& path, const Environment& changes)
      : Subprocess{path, changes, Options{}} {}
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
  /// Writes the rest of the input, reads the child's stdout to the end and reaps it. A child that
  /// takes longer than `timeout` is killed, which is Error{try_again_later}.
  Outcome finish(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  /// The child, and with Options::own_group its process group; -1 when it was reaped.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  void start(const Options& options, char* const* environment, int in, int out);
  std::string communicate(Deadline deadline);
  void await_exit(Deadline deadline) const;
  void kill() const noexcept;
  int reap();

  std::string path_;
  bool own_group_;
  pid_t pid_ = -1;
  UniqueFd to_child_;
  UniqueFd from_child_;
  std::string input_;
  std::string_view unwritten_;
};

}  // namespace patchbay
