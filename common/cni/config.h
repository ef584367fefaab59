#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/types.h"
#include "cni/args.h"
#include "cni/keys.h"
#include "cni/result.h"
#include "cni/version.h"

namespace patchbay::cni {

/// The document read from stdin. It hides nlohmann_json, which is slow to compile.
class Config {
 public:
  /// Throws Error{decoding_failure}; see parse_json().
  static Config parse(std::string bytes);

  /// Exactly what came in, for handing on to a delegate.
  [[nodiscard]] const std::string& bytes() const noexcept { return *bytes_; }
  /// Reads the values that `declare` declares.
  void read(const Keys::Member& declare) const;
  /// "prevResult", brought up to the newest version; nullopt when there is none. Throws
  /// Error{decoding_failure, invalid_config}. `version` is the configuration's.
  [[nodiscard]] std::optional<Result> previous_result(Version version) const;

 private:
  std::shared_ptr<const std::string> bytes_;
  std::shared_ptr<const nlohmann::json> document_;
};

/// Declares where a container's MAC address may come from: args.cni.mac and
/// runtimeConfig.mac (which wins); CNI_ARGS MAC is asked by resolve().
struct MacRequest {
  std::string args;
  std::string runtime;

  void declare(Keys& keys);
  /// The one that wins: CNI_ARGS MAC < args.cni.mac < runtimeConfig.mac, as in the reference.
  /// Throws Error{invalid_config, invalid_environment} for something that is no MAC address.
  [[nodiscard]] std::optional<MacAddr> resolve(const Args& cni_args) const;
};

}  // namespace patchbay::cni
