#include "base/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

namespace patchbay {

namespace {

double seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

std::optional<std::string> read_all(int fd, std::size_t limit, std::string_view what) {
  std::string bytes;
  std::array<char, 4096> chunk{};
  const std::size_t most = std::min(chunk.size(), limit + 1);
  while (true) {
    const auto got = ::read(fd, chunk.data(), most);
    if (got == 0) {
      return bytes;
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      throw SystemError{errno, what};
    }
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      return std::nullopt;
    }
  }
}

std::optional<std::string> find_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return std::nullopt;
    }
    throw SystemError{errno, "open " + quote(path)};
  }
  auto bytes = read_all(fd.get(), limit, "read " + quote(path));
  if (!bytes) {
    throw SystemError{EFBIG, "read " + quote(path)};
  }
  return bytes;
}

void write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      throw SystemError{errno, what};
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

double boot_time() {
  return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME);
}

std::string boot_id() {
  auto id = find_file("/proc/sys/kernel/random/boot_id").value_or("");
  while (!id.empty() && id.back() == '\n') {
    id.pop_back();
  }
  return id;
}

}  // namespace patchbay
