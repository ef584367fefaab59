#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::cni {

/// CNI_ARGS: "K=V;K=V".
class Args {
 public:
  /// Keeps `text` unread: a plugin that takes nothing from CNI_ARGS does not judge it.
  explicit Args(std::string text = {}) : text_{std::move(text)} {}

  /// The value of `key`, letter case observed; nullopt when it is not given.
  /// Throws Error{invalid_environment} naming CNI_ARGS when an element is not exactly "K=V".
  [[nodiscard]] std::optional<std::string> find(std::string_view key) const;

  /// Throws Error{invalid_environment} when there is a key that no plugin of the suite reads and
  /// IgnoreUnknown is not 1 or true.
  void require_known() const;

 private:
  [[nodiscard]] std::map<std::string, std::string, std::less<>> parsed() const;

  std::string text_;
};

}  // namespace patchbay::cni
