#pragma once

#include <string>

namespace patchbay::bench {

/// One line on stderr that says what is being done; nothing when stderr is no terminal.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;

  /// A larger step: `done` of `total`, called `what`.
  void begin(std::size_t done, std::size_t total, std::string what);
  /// How far it has come.
  void tick(const std::string& detail);

 private:
  bool shown_;
  std::string step_;
};

}  // namespace patchbay::bench
