#include "base/undo_log.h"

#include <utility>

#include "base/log.h"

namespace patchbay {

UndoLog::~UndoLog() {
  while (!steps_.empty()) {
    const Step step = std::move(steps_.back());
    steps_.pop_back();
    try {
      step.run();
    } catch (const std::exception& e) {
      log::warn("rollback: could not " + step.what + ": " + e.what() + ", continuing");
    }
  }
}

void UndoLog::on_failure(std::string what, std::function<void()> step) {
  steps_.push_back({std::move(what), std::move(step)});
}

}  // namespace patchbay
