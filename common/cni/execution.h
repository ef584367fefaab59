#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/subprocess.h"

/// Executing other plugins: where they are, and what they say when they fail.
namespace patchbay::cni {

/// The executable of the plugin `type`: the first regular file of that name in the directories of
/// `path`, which CNI_PATH lists. Throws Error{invalid_config} beginning with `key`, the
/// configuration's key that names the plugin.
std::string get_plugin(std::string_view path, const std::string& type, const std::string& key);

/// The error of a plugin that failed: what its error JSON says, or Error{internal} about `who` when
/// it printed none.
Error read_error(const std::string& who, const Subprocess::Outcome& outcome);

}  // namespace patchbay::cni
