#include "patchbay/plugin_call.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <unistd.h>

#include "base/error.h"
#include "base/subprocess.h"
#include "cni/execution.h"

namespace patchbay::runner {

namespace {

volatile std::sig_atomic_t interrupted = 0;  // signals so far
volatile std::sig_atomic_t forgiven = 0;     // of these
volatile std::sig_atomic_t running_group = 0;

/// Notes, for the signal's handler, which plugin is running.
class Running {
 public:
  explicit Running(pid_t group) { running_group = group; }
  ~Running() { running_group = 0; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Running(Running&&) = delete;
  Running& operator=(Running&&) = delete;
};

extern "C" void on_interrupt(int /*signal*/) {
  interrupted = interrupted + 1;
  if (running_group > 0) {
    (void)::kill(-running_group, SIGKILL);
  }
}

std::vector<std::pair<std::string, std::string>> environment_of(const PluginCall& call) {
  auto environment = call.environment;
  environment.emplace_back("CNI_COMMAND", call.command);
  environment.emplace_back("CNI_PATH", call.plugin_path);
  return environment;
}

}  // namespace

std::string PluginCall::executable() const {
  std::string file = cni::get_plugin(plugin_path, type, key);
  if (::access(file.c_str(), X_OK) != 0) {
    throw SystemError{errno, key + ": execute " + quote(file)};
  }
  return file;
}

std::string PluginCall::who() const {
  return "plugin " + quote(type) + " (" + command + ")";
}

std::string call_plugin(const PluginCall& call, std::string input) {
  const std::string executable = call.executable();
  try {
    Subprocess child{
        executable, environment_of(call), {.arguments = call.arguments, .own_group = true}};
    const Running running{child.pid()};
    require_uninterrupted();  // a signal before that line has killed nothing
    child.give(std::move(input));
    auto outcome = child.finish(call.timeout);
    if (outcome.status != 0) {
      require_uninterrupted();
      throw cni::read_error(quote(executable), outcome);
    }
    return std::move(outcome.output);
  } catch (const Error& e) {  // completed with plugin and command
    throw Error{e.code(), call.who() + ": " + e.what(), e.details()};
  }
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) {
      (void)::sigaction(signal, &action, nullptr);
    }
  }
}

void require_uninterrupted() {
  if (interrupted != forgiven) {
    throw Error{ErrorCode::try_again_later, "interrupted by a signal"};
  }
}

void forgive_interrupts() {
  forgiven = interrupted;
}

}  // namespace patchbay::runner
