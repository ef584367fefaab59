#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/owner.h"

namespace patchbay::runner {

/// One interface of one container in one network, and what a caller asks for it.
struct Attachment {
  Owner owner;
  std::string netns{};  ///< An absolute path. What it names may be gone, for DEL.
  /// What is not given is what ADD was given, as far as the cache knows.
  std::optional<std::vector<std::pair<std::string, std::string>>> cni_args{};
  std::optional<std::string> capabilities{};  ///< The JSON text of an object.
};

/// The path of a network namespace that a person names: a path (made absolute), a name below
/// /run/netns, or "pid:N". Nothing needs to be there. Throws Error{invalid_environment}.
std::string netns_path(const std::string& text);
/// `path` made absolute and clean, as Go's filepath.Abs() does.
std::string absolute_path(const std::string& path);

/// The container id that cnitool derives from the path of a namespace.
std::string derived_container_id(std::string_view netns);

/// "K=V;K=V" as pairs. Throws Error{invalid_environment} naming `source` for anything else.
std::vector<std::pair<std::string, std::string>> parse_args(
    std::string_view text, const std::string& source);
/// Checks that `text` is a JSON object. Throws Error{decoding_failure} naming `source`.
std::string parse_capabilities(std::string text, const std::string& source);

/// Throws Error{invalid_environment} when a part of `owner` is malformed.
void require_valid(const Owner& owner);

/// True when the namespace at `netns` exists and has an interface `ifname`.
bool interface_exists(const std::string& netns, const std::string& ifname);

}  // namespace patchbay::runner
