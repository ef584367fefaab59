#pragma once

#include <fcntl.h>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <unistd.h>

#include "fuzz/input.h"

namespace patchbay::fuzz {

/// A directory in memory for one fuzzer, which goes when the process ends in order.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    require(::mkdtemp(path_.data()) != nullptr, "there is room for a scratch directory");
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ScratchDirectory(ScratchDirectory&&) = delete;
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/patchbay-fuzz-XXXXXX";
};

/// What another program does: writes into the file that is there, or makes one.
inline void write_file(const std::string& path, std::string_view bytes) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC;
  const int file = ::open(path.c_str(), kFlags, 0600);
  if (file >= 0) {
    (void)!::write(file, bytes.data(), bytes.size());
    (void)::close(file);
  }
}

}  // namespace patchbay::fuzz
