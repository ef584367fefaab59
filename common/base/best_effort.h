#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace patchbay {

/// Runs every step of a teardown even when earlier ones fail, then reports all failures at once.
/// For DEL and GC, which must free as much as they can.
class BestEffort {
 public:
  /// Runs `step`; a failure is remembered as "<what>: <message>" and the caller goes on.
  void attempt(std::string_view what, const std::function<void()>& step);

  /// Throws one Error listing every failure, with the first failure's code; otherwise returns.
  void finish() const;

 private:
  std::optional<ErrorCode> first_code_;
  std::string failures_;
};

}  // namespace patchbay
