#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace patchbay::test {

/// Compares `result` with tests/e2e/golden/<name>.json, MAC addresses and derived interface names
/// replaced by words. Returns the difference as text, empty when there is none. With
/// PATCHBAY_UPDATE_GOLDEN=1 the file is written instead.
std::string difference_to_golden(const std::string& name, const nlohmann::json& result);

}  // namespace patchbay::test
