#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace patchbay::cni {

enum class Command { add, del, check, gc, status, version };

/// Looks an environment variable up; null when it is not set.
using Getenv = std::function<const char*(const char*)>;

/// The CNI_* variables, validated as far as `command` requires them.
struct Environment {
  Command command{};
  std::string container_id;
  std::string netns;  ///< As given; may be empty for DEL.
  std::string ifname;
  std::string args;
  std::string path;
  bool netns_override = false;  ///< The container's namespace may be the plugin's own.
};

/// Nullopt when CNI_COMMAND is unset or empty: a person typed the plugin's name.
/// Throws Error{invalid_environment} naming the variable, in the order of libcni's skel: unknown
/// command, then what is present but malformed, then everything that is missing.
std::optional<Environment> parse_environment(const Getenv& getenv);

/// True for names of networks and container ids: letters, digits, '_', '.', '-', the first one a
/// letter or digit (CNI spec, "Network configuration").
bool is_identifier(std::string_view text);

}  // namespace patchbay::cni
