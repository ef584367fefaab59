#include "cni/args.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace patchbay::cni {

namespace {

/// What the plugins of the reference suite and of ovs-cni read between them; one CNI_ARGS reaches
/// all of a list.
constexpr std::array<std::string_view, 6> kKnown{
    "IgnoreUnknown", "IP", "GATEWAY", "MAC", "OvnPort", "K8S_POD_UID"};

std::pair<std::string, std::string> split_pair(std::string_view pair) {
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos || equals != pair.rfind('=')) {
    throw Error{ErrorCode::invalid_environment, "CNI_ARGS: " + quote(pair) + " must be K=V"};
  }
  return {std::string{pair.substr(0, equals)}, std::string{pair.substr(equals + 1)}};
}

bool is_true(std::string_view value) {
  constexpr std::array<std::string_view, 4> kTrue{"1", "true", "TRUE", "True"};
  return std::find(kTrue.begin(), kTrue.end(), value) != kTrue.end();
}

}  // namespace

std::map<std::string, std::string, std::less<>> Args::parsed() const {
  std::map<std::string, std::string, std::less<>> pairs;
  std::string_view rest = text_;
  while (!rest.empty()) {
    const auto end = rest.find(';');
    const auto [key, value] = split_pair(rest.substr(0, end));
    pairs[key] = value;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return pairs;
}

std::optional<std::string> Args::find(std::string_view key) const {
  const auto pairs = parsed();
  const auto found = pairs.find(key);
  return found == pairs.end() ? std::nullopt : std::optional{found->second};
}

void Args::require_known() const {
  const auto pairs = parsed();
  const auto ignore = pairs.find("IgnoreUnknown");
  if (ignore != pairs.end() && is_true(ignore->second)) {
    return;
  }
  for (const auto& [key, value] : pairs) {
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end()) {
      throw Error{
          ErrorCode::invalid_environment,
          "CNI_ARGS: unknown key " + quote(key) + "; IgnoreUnknown=1 lets it pass"};
    }
  }
}

}  // namespace patchbay::cni
