#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

/// The border to nlohmann_json: its exceptions do not get past these functions.
namespace patchbay::cni {

/// No document is larger (bytes) or more deeply nested (levels).
inline constexpr std::size_t kDocumentLimit = std::size_t{16} << 20;
inline constexpr int kDepthLimit = 64;

/// Parses `bytes`, of which `what` says where they come from. Throws Error{decoding_failure} with
/// the line and column of the first fault; also for a document over the limits, or whose top is
/// not an object.
std::shared_ptr<const nlohmann::json> parse_json(std::string_view bytes, std::string_view what);

/// The member `name` of an object: the exact spelling first, then without regard to ASCII letter
/// case, as Go's encoding/json does and clients rely on. Null when absent or JSON null.
const nlohmann::json* find_member(const nlohmann::json& object, std::string_view name);

/// `value` as compact JSON cut to 200 bytes, for error messages.
std::string excerpt(const nlohmann::json& value);

}  // namespace patchbay::cni
