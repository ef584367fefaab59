#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>

#include "base/unique_fd.h"

namespace patchbay::test {

/// Where the executables under test are.
std::string plugin_directory();
/// The checkout that the tests were built from.
std::string source_directory();

/// One execution of a plugin, as a runtime would do it.
struct Call {
  std::string plugin;   ///< A name below plugin_directory(), or a path with a '/' in it.
  std::string command;  ///< CNI_COMMAND
  std::string container_id = "c1";
  std::string netns{};  ///< An empty value leaves its variable unset; so for all of them.
  std::string ifname = "eth0";
  std::string args{};
  std::string path = plugin_directory();
  /// Further variables; they win over ours. CNI_* of the test's own environment are not passed on.
  std::map<std::string, std::string> extra_env{};
  std::vector<std::string> arguments{};  ///< Of the command line.
};

/// The command line of a call, the executable's path first, and its environment.
std::vector<std::string> arguments_of(const Call& call);
std::vector<std::string> environment_of(const Call& call);
/// Pointers to the strings, and a null behind them, as execve(2) wants them.
std::vector<char*> pointers_to(std::vector<std::string>& strings);

/// What came back.
struct Answer {
  int status = 0;      ///< The exit status; 128 plus the signal's number when killed.
  std::string output;  ///< stdout
  std::string errors;  ///< stderr

  [[nodiscard]] bool ok() const { return status == 0; }
  /// stdout as JSON; throws std::runtime_error quoting it when it is not exactly one document.
  [[nodiscard]] nlohmann::json json() const;
  /// "code" of an error answer; 0 when there is none.
  [[nodiscard]] unsigned code() const;
  /// "msg" of an error answer; empty when there is none.
  [[nodiscard]] std::string message() const;
};

/// A plugin that is running: several of them run at the same time.
class RunningPlugin {
 public:
  /// Starts it in the test's namespaces. Throws std::runtime_error when it cannot be executed.
  RunningPlugin(const Call& call, const std::string& input);
  RunningPlugin(RunningPlugin&& other) noexcept;
  RunningPlugin(const RunningPlugin&) = delete;
  RunningPlugin& operator=(const RunningPlugin&) = delete;
  RunningPlugin& operator=(RunningPlugin&&) = delete;
  /// Kills it when nobody has waited for it.
  ~RunningPlugin();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Reads both streams to their ends, as runtimes do (so a descendant that keeps one open is
  /// noticed), and reaps the process.
  Answer finish();

 private:
  pid_t pid_ = -1;
  UniqueFd output_;
  UniqueFd errors_;
};

/// Runs a plugin to its end; `input` is its stdin.
Answer run_plugin(const Call& call, const std::string& input);

}  // namespace patchbay::test
