#include "base/best_effort.h"

namespace patchbay {

void BestEffort::attempt(std::string_view what, const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& e) {
    failures_ += (failures_.empty() ? "" : "; ") + std::string{what} + ": " + e.what();
    first_code_ = first_code_.value_or(e.code());
  }
}

void BestEffort::finish() const {
  if (first_code_) {
    throw Error{*first_code_, failures_};
  }
}

}  // namespace patchbay
