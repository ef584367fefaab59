#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace patchbay::runner {

/// Calls `report` with path and message for every key of `object` that `schema`, a JSON Schema as
/// `<plugin> --schema` prints it, does not know; `path` is what stands before the keys. Letter case
/// does not matter. What a schema says nothing about is not looked at.
void find_unknown_keys(
    const nlohmann::json& object,
    const nlohmann::json& schema,
    const std::string& path,
    const std::function<void(const std::string& path, const std::string& message)>& report);

}  // namespace patchbay::runner
