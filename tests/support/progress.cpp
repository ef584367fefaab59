#include "support/progress.h"

#include <algorithm>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace patchbay::test {

namespace {

constexpr std::size_t kWidth = 40;
constexpr auto kClearLine = "\r\033[K";

}  // namespace

Progress::Progress(std::string what, std::size_t total)
    : what_{std::move(what)},
      total_{std::max<std::size_t>(total, 1)},
      shown_{::isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
  if (shown_) {
    std::cerr << kClearLine << std::flush;
  }
}

void Progress::show(std::size_t done) {
  if (shown_) {
    const std::size_t full = std::min(done, total_) * kWidth / total_;
    std::cerr << kClearLine << "[" << std::string(full, '#') << std::string(kWidth - full, '.')
              << "] " << done << "/" << total_ << " " << what_ << std::flush;
  }
}

}  // namespace patchbay::test
