#include "support/shell.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <unistd.h>

#include <sys/wait.h>

#include "base/unique_fd.h"

namespace patchbay::test {

namespace {

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 65536> chunk{};
  ssize_t got = 0;
  while ((got = ::read(fd, chunk.data(), chunk.size())) != 0) {
    if (got > 0) {
      text.append(chunk.data(), static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      break;
    }
  }
  return text;
}

pid_t spawn_shell(const std::string& command, int output) {
  std::string shell = "/bin/sh";
  std::string flag = "-c";
  std::string script = command;
  const std::array<char*, 4> arguments{shell.data(), flag.data(), script.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, shell.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw std::runtime_error{"execute /bin/sh: error " + std::to_string(error)};
  }
  return pid;
}

}  // namespace

Outcome try_shell(const std::string& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error{"create a pipe"};
  }
  const UniqueFd output{ends[0]};
  UniqueFd input{ends[1]};
  const pid_t pid = spawn_shell(command, input.get());
  input.reset();
  Outcome outcome;
  outcome.output = read_to_end(output.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::string shell(const std::string& command) {
  auto outcome = try_shell(command);
  if (outcome.status != 0) {
    throw std::runtime_error{
        command + ": exit status " + std::to_string(outcome.status) + ": " + outcome.output};
  }
  return std::move(outcome.output);
}

}  // namespace patchbay::test
