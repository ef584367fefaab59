#include "support/run_plugin.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "base/file.h"

namespace patchbay::test {

namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error{"create a pipe: " + std::string{std::strerror(errno)}};
  }
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

/// A file in memory: the plugin may stop reading whenever it likes.
UniqueFd make_input(const std::string& bytes) {
  UniqueFd fd{::memfd_create("stdin", MFD_CLOEXEC)};
  write_all(fd.get(), bytes, "write a plugin's input");
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

pid_t spawn(
    std::vector<std::string> arguments,
    std::vector<std::string> environment,
    const std::array<int, 3>& fds) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int stream = 0; stream < 3; ++stream) {
    posix_spawn_file_actions_adddup2(&actions, fds.at(static_cast<std::size_t>(stream)), stream);
  }
  pid_t pid = -1;
  const auto argv = pointers_to(arguments);
  const auto variables = pointers_to(environment);
  const int error =
      ::posix_spawn(&pid, argv.front(), &actions, nullptr, argv.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw std::runtime_error{"execute " + arguments.front() + ": " + std::strerror(error)};
  }
  return pid;
}

/// False at the end of the stream.
bool read_some(int fd, std::string& text) {
  std::array<char, 65536> chunk{};
  const auto got = ::read(fd, chunk.data(), chunk.size());
  if (got > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return got > 0 || (got < 0 && errno == EINTR);
}

nlohmann::json error_of(const std::string& output) {
  auto document = nlohmann::json::parse(output, nullptr, false);
  return document.is_object() ? document : nlohmann::json::object();
}

}  // namespace

std::string plugin_directory() {
  const char* other = std::getenv("PATCHBAY_BIN_DIR");
  return other == nullptr ? PATCHBAY_BIN_DIR : other;
}

std::string source_directory() {
  return PATCHBAY_SOURCE_DIR;
}

std::vector<std::string> arguments_of(const Call& call) {
  const bool is_path = call.plugin.find('/') != std::string::npos;
  std::vector<std::string> arguments{
      is_path ? call.plugin : plugin_directory() + "/" + call.plugin};
  arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
  return arguments;
}

std::vector<std::string> environment_of(const Call& call) {
  std::map<std::string, std::string> variables{
      {"CNI_COMMAND", call.command},
      {"CNI_CONTAINERID", call.container_id},
      {"CNI_NETNS", call.netns},
      {"CNI_IFNAME", call.ifname},
      {"CNI_ARGS", call.args},
      {"CNI_PATH", call.path}};
  for (const auto& [name, value] : call.extra_env) {
    variables[name] = value;
  }
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text{*entry};
    if (text.rfind("CNI_", 0) != 0 && variables.count(text.substr(0, text.find('='))) == 0) {
      result.push_back(text);
    }
  }
  for (const auto& [name, value] : variables) {
    if (!value.empty()) {
      result.push_back(name + "=" + value);
    }
  }
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (auto& one : strings) {
    pointers.push_back(one.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

nlohmann::json Answer::json() const {
  try {
    return nlohmann::json::parse(output);
  } catch (const nlohmann::json::exception& e) {
    throw std::runtime_error{
        "stdout is not one JSON document (" + std::string{e.what()} + "): " + output +
        "; stderr: " + errors};
  }
}

unsigned Answer::code() const {
  return error_of(output).value("code", 0U);
}

std::string Answer::message() const {
  return error_of(output).value("msg", std::string{});
}

RunningPlugin::RunningPlugin(const Call& call, const std::string& input) {
  const UniqueFd in = make_input(input);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  pid_ = spawn(
      arguments_of(call),
      environment_of(call),
      {in.get(), out.write_end.get(), err.write_end.get()});
  output_ = std::move(out.read_end);
  errors_ = std::move(err.read_end);
}

RunningPlugin::RunningPlugin(RunningPlugin&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      output_{std::move(other.output_)},
      errors_{std::move(other.errors_)} {}

RunningPlugin::~RunningPlugin() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

Answer RunningPlugin::finish() {
  Answer answer;
  while (output_ || errors_) {
    std::array<pollfd, 2> waiting{
        pollfd{output_.get(), POLLIN, 0}, pollfd{errors_.get(), POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      continue;
    }
    if (waiting[0].revents != 0 && !read_some(output_.get(), answer.output)) {
      output_.reset();
    }
    if (waiting[1].revents != 0 && !read_some(errors_.get(), answer.errors)) {
      errors_.reset();
    }
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return answer;
}

Answer run_plugin(const Call& call, const std::string& input) {
  return RunningPlugin{call, input}.finish();
}

}  // namespace patchbay::test
