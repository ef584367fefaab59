#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/owner.h"
#include "patchbay/network_list.h"

namespace patchbay::runner {

/// What a plugin of a network is given besides its own configuration; empty: nothing.
struct RequestParts {
  std::string previous{};      ///< "prevResult", JSON text.
  std::string capabilities{};  ///< Capability arguments: what the plugin declares gets through.
  /// "cni.dev/valid-attachments"; and "cni.dev/attachments", as drafts of the spec called it.
  std::optional<std::vector<Owner>> valid_attachments{};
};

/// The configuration that is sent to a plugin of `list` (CNI spec, "Deriving request configuration
/// from plugin configuration").
std::string make_request(const NetworkList& list, std::size_t plugin, const RequestParts& parts);

/// The same in another version than the network's.
std::string make_request(
    const NetworkList& list, std::size_t plugin, const RequestParts& parts, cni::Version version);

/// What a plugin printed as the result of ADD: JSON text that names its version, which is `version`
/// when it did not. Throws Error{decoding_failure, incompatible_version} for anything else.
std::string read_result(const std::string& output, cni::Version version);

/// `result` as "prevResult" of `version`; unchanged when it has that version. Throws Error.
std::string convert_result(const std::string& result, cni::Version version);

}  // namespace patchbay::runner
