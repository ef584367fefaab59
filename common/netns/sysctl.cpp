#include "netns/sysctl.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace patchbay::sysctl {

namespace {

std::string path_of(const std::string& key) {
  return "/proc/sys/net/" + key;
}

/// 0, or the errno of the refusal.
int write(const std::string& key, std::string_view value) {
  const UniqueFd fd{::open(path_of(key).c_str(), O_WRONLY | O_CLOEXEC)};
  if (!fd) {
    return errno;
  }
  const auto written = ::write(fd.get(), value.data(), value.size());
  return written == static_cast<ssize_t>(value.size()) ? 0 : errno;
}

}  // namespace

std::optional<std::string> find(const std::string& key) {
  auto value = find_file(path_of(key));
  while (value && !value->empty() && value->back() == '\n') {
    value->pop_back();
  }
  return value;
}

void set(const std::string& key, std::string_view value) {
  if (find(key) == value) {
    return;
  }
  if (const int error = write(key, value); error != 0) {
    throw SystemError{error, "set sysctl net/" + key + " to " + quote(value)};
  }
}

bool try_set(const std::string& key, std::string_view value) {
  const int error = write(key, value);
  if (error != 0 && log::debug_enabled()) {
    log::debug(SystemError{error, "set sysctl net/" + key}.what());
  }
  return error == 0;
}

std::string forwarding_key(bool v6) {
  return v6 ? "ipv6/conf/all/forwarding" : "ipv4/ip_forward";
}

}  // namespace patchbay::sysctl
