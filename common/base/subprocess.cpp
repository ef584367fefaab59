#include "base/subprocess.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"

namespace patchbay {

namespace {

constexpr std::size_t kOutputLimit = std::size_t{16} << 20;
constexpr int kBusyRetries = 20;
constexpr timespec kBusyPause{0, 50'000'000};  // libcni retries a busy text file too

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

/// Our environment with `changes` applied; views into `storage`, which must outlive it.
std::vector<char*> merged_environment(
    const Subprocess::Environment& changes, std::vector<std::string>& storage) {
  for (const auto& [name, value] : changes) {
    storage.push_back(name + "=" + value);
  }
  std::vector<char*> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& change : changes) {
      replaced = replaced || change.first == name;
    }
    if (!replaced) {
      result.push_back(*entry);
    }
  }
  for (auto& entry : storage) {
    result.push_back(entry.data());
  }
  result.push_back(nullptr);
  return result;
}

/// Writes what the pipe takes; false when there is nothing more to write (or nobody reads).
bool feed(int fd, std::string_view& input) {
  const auto written = ::write(fd, input.data(), input.size());
  if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
    return true;
  }
  if (written < 0) {
    return false;
  }
  input.remove_prefix(static_cast<std::size_t>(written));
  return !input.empty();
}

/// Reads once; false at the end of the stream.
bool drain(int fd, std::string& output) {
  std::array<char, 16384> chunk{};
  const auto got = ::read(fd, chunk.data(), chunk.size());
  if (got < 0 && errno == EINTR) {
    return true;
  }
  if (got <= 0) {
    return false;
  }
  output.append(chunk.data(), static_cast<std::size_t>(got));
  if (output.size() > kOutputLimit) {
    throw SystemError{EFBIG, "read a plugin's output"};
  }
  return true;
}

}  // namespace

Subprocess::Subprocess(const std::string& path, const Environment& changes) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::vector<std::string> storage;
  const auto environment = merged_environment(changes, storage);
  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)std::signal(SIGCHLD, SIG_DFL);  // were it ignored, there would be no exit status
  start(path, environment.data(), in.read_end.get(), out.write_end.get());
  to_child_ = std::move(in.write_end);
  from_child_ = std::move(out.read_end);
}

void Subprocess::start(const std::string& path, char* const* environment, int in, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string name = path;
  const std::array<char*, 2> arguments{name.data(), nullptr};
  int error = ETXTBSY;
  for (int attempt = 0; error == ETXTBSY && attempt < kBusyRetries; ++attempt) {
    if (attempt > 0) {
      ::nanosleep(&kBusyPause, nullptr);
    }
    error =
        ::posix_spawn(&pid_, path.c_str(), &actions, &attributes, arguments.data(), environment);
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    throw SystemError{error, "execute " + quote(path)};
  }
}

Subprocess::~Subprocess() {
  to_child_.reset();
  from_child_.reset();
  if (pid_ > 0) {
    reap();
  }
}

void Subprocess::give(std::string input) {
  input_ = std::move(input);
  unwritten_ = input_;
  (void)::fcntl(to_child_.get(), F_SETFL, O_NONBLOCK);
  if (!feed(to_child_.get(), unwritten_)) {
    to_child_.reset();
  }
}

Subprocess::Outcome Subprocess::finish() {
  Outcome outcome{};
  bool reading = true;
  while (reading) {
    std::array<pollfd, 2> waiting{
        pollfd{from_child_.get(), POLLIN, 0}, pollfd{to_child_ ? to_child_.get() : -1, POLLOUT, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      throw SystemError{errno, "wait for a plugin"};
    }
    if (waiting[1].revents != 0 && !feed(to_child_.get(), unwritten_)) {
      to_child_.reset();
    }
    if (waiting[0].revents != 0) {
      reading = drain(from_child_.get(), outcome.output);
    }
  }
  to_child_.reset();
  outcome.status = reap();
  return outcome;
}

int Subprocess::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

}  // namespace patchbay
