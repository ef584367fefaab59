#include "base/subprocess.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <span>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/syscall.h>
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

using Clock = std::chrono::steady_clock;

/// What poll() is to wait: milliseconds rounded up, -1 without a deadline.
int remaining_ms(const std::optional<Clock::time_point>& deadline) {
  if (!deadline) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

/// Throws when it is `deadline`.
void wait_for(std::span<pollfd> descriptors, const std::optional<Clock::time_point>& deadline) {
  const int ready = ::poll(descriptors.data(), descriptors.size(), remaining_ms(deadline));
  if (ready < 0 && errno != EINTR) {
    throw SystemError{errno, "wait for a plugin"};
  }
  if (ready == 0) {
    throw Error{ErrorCode::try_again_later, "no answer in time"};
  }
}

std::vector<char*> argument_vector(std::string& name, std::vector<std::string>& arguments) {
  std::vector<char*> result{name.data()};
  for (auto& argument : arguments) {
    result.push_back(argument.data());
  }
  result.push_back(nullptr);
  return result;
}

/// What a child is to become, and its streams.
struct Image {
  const char* path;
  char* const* arguments;
  char* const* environment;
  int in;
  int out;
};

/// Gives `fd` the number `target`, open beyond exec.
bool place(int fd, int target) {
  return fd == target ? ::fcntl(fd, F_SETFD, 0) == 0 : ::dup2(fd, target) >= 0;
}

/// In a child that still shares our memory: system calls, and nothing else.
[[noreturn]] void become(
    const Image& image, const Subprocess::Options& options, pid_t parent, volatile int& error) {
  if (options.dies_with_us) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {  // who died before that line
      ::_exit(EXIT_FAILURE);
    }
  }
  if (options.own_group) {
    (void)::setpgid(0, 0);
  }
  (void)std::signal(SIGPIPE, SIG_DFL);
  if (place(image.in, STDIN_FILENO) && place(image.out, STDOUT_FILENO)) {
    ::execve(image.path, image.arguments, image.environment);
  }
  error = errno;
  ::_exit(EXIT_FAILURE);
}

/// posix_spawn() cannot do PR_SET_PDEATHSIG. Returns 0, or the errno of a child that is gone.
int spawn(const Image& image, const Subprocess::Options& options, pid_t& pid) {
  volatile int error = 0;
  const pid_t parent = ::getpid();
  const pid_t child = ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): see become()
  if (child == 0) {
    become(image, options, parent, error);  // NOLINT(clang-analyzer-unix.Vfork): see there
  }
  if (child < 0) {
    return errno;
  }
  if (error != 0) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return error;
  }
  pid = child;
  return 0;
}

}  // namespace

Subprocess::Subprocess(const std::string& path, const Environment& changes, const Options& options)
    : path_{path},
      own_group_{options.own_group} {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  std::vector<std::string> storage;
  const auto environment = merged_environment(changes, storage);
  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)std::signal(SIGCHLD, SIG_DFL);  // were it ignored, there would be no exit status
  start(options, environment.data(), in.read_end.get(), out.write_end.get());
  to_child_ = std::move(in.write_end);
  from_child_ = std::move(out.read_end);
}

void Subprocess::start(const Options& options, char* const* environment, int in, int out) {
  std::string name = path_;
  std::vector<std::string> rest = options.arguments;
  const auto arguments = argument_vector(name, rest);
  const Image image{path_.c_str(), arguments.data(), environment, in, out};
  int error = ETXTBSY;
  for (int attempt = 0; error == ETXTBSY && attempt < kBusyRetries; ++attempt) {
    if (attempt > 0) {
      ::nanosleep(&kBusyPause, nullptr);
    }
    error = spawn(image, options, pid_);
  }
  if (error != 0) {
    pid_ = -1;
    throw SystemError{error, "execute " + quote(path_)};
  }
}

Subprocess::~Subprocess() {
  to_child_.reset();
  from_child_.reset();
  if (pid_ > 0) {
    if (own_group_) {
      kill();
    }
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

Subprocess::Outcome Subprocess::finish(std::optional<std::chrono::milliseconds> timeout) {
  const Deadline deadline = timeout ? Deadline{Clock::now() + *timeout} : std::nullopt;
  try {
    Outcome outcome{communicate(deadline), 0};
    await_exit(deadline);
    outcome.status = reap();
    return outcome;
  } catch (const Error& e) {  // completed with what was waited for
    if (e.code() != ErrorCode::try_again_later) {
      throw;
    }
    kill();
    reap();
    throw Error{
        e.code(),
        "execute " + quote(path_) + ": killed after " + std::to_string(timeout->count()) +
            " ms without an end"};
  }
}

std::string Subprocess::communicate(Deadline deadline) {
  std::string output;
  bool reading = true;
  while (reading) {
    std::array<pollfd, 2> waiting{
        pollfd{from_child_.get(), POLLIN, 0}, pollfd{to_child_ ? to_child_.get() : -1, POLLOUT, 0}};
    wait_for(waiting, deadline);
    if (waiting[1].revents != 0 && !feed(to_child_.get(), unwritten_)) {
      to_child_.reset();
    }
    if (waiting[0].revents != 0) {
      reading = drain(from_child_.get(), output);
    }
  }
  to_child_.reset();
  return output;
}

/// A child may close its stdout and go on.
void Subprocess::await_exit(Deadline deadline) const {
  if (!deadline) {
    return;
  }
  const UniqueFd exit{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (!exit) {
    return;  // before Linux 5.3: the end of the output has to do
  }
  std::array<pollfd, 1> waiting{pollfd{exit.get(), POLLIN, 0}};
  while (waiting[0].revents == 0) {
    wait_for(waiting, deadline);
  }
}

void Subprocess::kill() const noexcept {
  (void)::kill(own_group_ ? -pid_ : pid_, SIGKILL);
}

int Subprocess::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

}  // namespace patchbay
