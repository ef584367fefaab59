#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patchbay/runner.h"

namespace patchbay::runner {

/// What a person or a script asks for.
struct Invocation {
  std::string command;  ///< "add", "del", ...; see the table in command_line.cpp.
  bool as_cnitool = false;
  bool wants_json = false;
  Site site{};
  std::string network{};
  std::string netns{};  ///< As given.
  std::string ifname{};
  std::string container_id{};  ///< Empty: derived from the namespace.
  std::vector<std::string> args{};
  std::string capabilities{};
  std::vector<std::string> keep{};
  bool all = false;
  std::vector<std::string> files{};
};

/// What was understood, or the exit status of an answer that has been printed (help, version, a
/// wrong command line). Called by the name "cnitool", it takes the command line of cnitool.
struct Parsed {
  std::optional<Invocation> invocation;
  int status = 0;
};

/// Exit statuses besides 0.
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

Parsed parse_command_line(int argc, char** argv);

}  // namespace patchbay::runner
