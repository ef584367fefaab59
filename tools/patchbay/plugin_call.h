#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace patchbay::runner {

/// One execution of a plugin.
struct PluginCall {
  std::string command;      ///< CNI_COMMAND
  std::string type;         ///< Name of the plugin.
  std::string key;          ///< Names the plugin in messages: "plugins[0].type".
  std::string plugin_path;  ///< CNI_PATH
  std::chrono::milliseconds timeout;
  std::vector<std::pair<std::string, std::string>> environment{};  ///< Further CNI_* variables.
  std::vector<std::string> arguments{};                            ///< Of the command line.

  /// The plugin's file. Throws Error{invalid_config} when there is none, and SystemError when it
  /// may not be executed.
  [[nodiscard]] std::string executable() const;
  /// "plugin 'bridge' (ADD)", for messages.
  [[nodiscard]] std::string who() const;
};

/// Runs a plugin to its end, gives it `input` and returns what it printed. Throws the plugin's own
/// error with its code, completed with plugin and command; Error{try_again_later} when it was
/// killed after `timeout` or by an interrupt; Error{invalid_config} when there is no such plugin.
std::string call_plugin(const PluginCall& call, std::string input);

/// From now on SIGINT, SIGTERM and SIGHUP kill the running plugin rather than us, so that what was
/// begun can be undone. One that is ignored (nohup) stays so.
void catch_interrupts();
/// Throws Error{try_again_later} when there was such a signal.
void require_uninterrupted();
/// Signals so far no longer count: for undoing what they have interrupted.
void forgive_interrupts();

}  // namespace patchbay::runner
