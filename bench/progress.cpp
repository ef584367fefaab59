#include "progress.h"

#include <iostream>
#include <unistd.h>

namespace patchbay::bench {

namespace {

constexpr auto kClearLine = "\r\033[K";

}  // namespace

Progress::Progress() : shown_{::isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
  if (shown_) {
    std::cerr << kClearLine << std::flush;
  }
}

void Progress::begin(std::size_t done, std::size_t total, std::string what) {
  step_ = "[" + std::to_string(done) + "/" + std::to_string(total) + "] " + std::move(what);
  tick("");
}

void Progress::tick(const std::string& detail) {
  if (shown_) {
    std::cerr << kClearLine << step_ << (detail.empty() ? "" : ": ") << detail << std::flush;
  }
}

}  // namespace patchbay::bench
