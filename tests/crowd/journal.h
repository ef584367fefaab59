#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "support/run_plugin.h"

namespace patchbay::test {

/// One change of a file system.
struct Change {
  enum class Kind { create, make_directory, write, truncate, rename, link, remove };
  Kind kind;
  std::string path;
  std::string to{};          ///< rename, link
  std::uint64_t offset = 0;  ///< write; truncate: the new length
  std::string data{};        ///< write

  [[nodiscard]] std::string str() const;
};

/// What is left of the changes that a machine made before it lost power.
enum class Loss {
  nothing,   ///< All of them are on the disk.
  half,      ///< The last write is there by half.
  contents,  ///< Names are there, but nothing of what was written: files are empty.
  zeroes,    ///< The same, but the files have their lengths, and zeros in them.
};
std::string name_of(Loss loss);

/// Runs `call` with strace(1), and notes every change that it and its children make below
/// `directory`, in order. Throws std::runtime_error when it fails, or when strace cannot run.
std::vector<Change> record(const Call& call, const std::string& directory);

/// Makes the changes, as much of them as is left.
void replay(std::span<const Change> changes, Loss loss);

}  // namespace patchbay::test
