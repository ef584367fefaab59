#pragma once

#include <string>

#include "side.h"

namespace patchbay::bench {

/// Copies of the executables of every side, written in one piece each, as an installation from an
/// image would write them.
///
/// How a file was written decides how its pages lie in memory, and with that how long a process
/// start takes: a file that a linker has written in bits and pieces takes 0.1 ms longer than its
/// copy. So all sides get the same.
class Installation {
 public:
  /// Makes a directory in /var/tmp. Throws SystemError.
  Installation();
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;
  Installation(Installation&&) = delete;
  Installation& operator=(Installation&&) = delete;
  /// Removes it.
  ~Installation();

  /// `side` with its path leading to the copies of all that any row executes. What it does not have
  /// is not there afterwards either.
  [[nodiscard]] Side install(const Side& side) const;

 private:
  std::string directory_;
};

}  // namespace patchbay::bench
