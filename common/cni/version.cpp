#include "cni/version.h"

#include <algorithm>

#include "base/error.h"

namespace patchbay::cni {

Version Version::parse(std::string_view text) {
  if (text.empty()) {
    return Version{0};
  }
  const auto* found = std::find(kVersions.begin(), kVersions.end(), text);
  if (found == kVersions.end()) {
    std::string details = "config is \"" + std::string{text} + "\", plugin supports [";
    for (const auto version : kVersions) {
      details += (version == kVersions.front() ? "\"" : " \"") + std::string{version} + "\"";
    }
    throw Error{
        ErrorCode::incompatible_version,
        "incompatible CNI versions: cniVersion " + quote(text) + " is not supported",
        details + "]"};
  }
  return Version{static_cast<std::size_t>(found - kVersions.begin())};
}

}  // namespace patchbay::cni
