#pragma once

#include <cstddef>
#include <string>

namespace patchbay::test {

/// A bar on stderr that tells how far a long test has come; nothing when stderr is no terminal.
class Progress {
 public:
  Progress(std::string what, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;

  void show(std::size_t done);

 private:
  std::string what_;
  std::size_t total_;
  bool shown_;
};

}  // namespace patchbay::test
