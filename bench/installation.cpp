#include "installation.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace patchbay::bench {

namespace {

constexpr std::size_t kLargest = std::size_t{1} << 28;

void copy(const std::string& from, const std::string& to) {
  const auto bytes = find_file(from, kLargest);
  const UniqueFd file{::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755)};
  if (!bytes || !file) {
    throw SystemError{errno, "copy " + quote(from) + " to " + quote(to)};
  }
  write_all(file.get(), *bytes, "write " + quote(to));
}

}  // namespace

Installation::Installation() : directory_{"/var/tmp/patchbay-bench.XXXXXX"} {
  if (::mkdtemp(directory_.data()) == nullptr) {
    throw SystemError{errno, "make a directory in /var/tmp"};
  }
}

Installation::~Installation() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Side Installation::install(const Side& side) const {
  Side installed = side;
  installed.path = directory_ + "/" + side.name;
  std::filesystem::create_directories(installed.path);
  for (const auto& row : all_rows()) {
    const std::string& program = row.*side.program;
    if (const auto path = look_for_executable(side.path, program)) {
      copy(*path, installed.path + "/" + program);
    }
  }
  return installed;
}

}  // namespace patchbay::bench
