#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "patchbay/cache.h"
#include "patchbay/network_list.h"
#include "patchbay/validation.h"

/// What is printed, for people (text) and for programs (JSON).
namespace patchbay::runner {

/// The result of ADD: for people who got which addresses, for programs the CNI result.
std::string print_result(const Owner& owner, const std::string& result, bool as_json);
std::string print_attachments(const std::vector<CacheEntry>& entries, bool as_json);
std::string print_networks(const std::vector<NetworkList>& networks, bool as_json);
std::string print_findings(
    const std::vector<std::string>& files, const std::vector<Finding>& findings, bool as_json);
/// The error object of the CNI spec.
std::string print_error(const Error& error);

}  // namespace patchbay::runner
