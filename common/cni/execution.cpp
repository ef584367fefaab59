#include "cni/execution.h"

#include <cstdint>

#include <sys/stat.h>
#include <sys/wait.h>

#include "cni/config.h"

namespace patchbay::cni {

namespace {

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) {
    return "killed by signal " + std::to_string(WTERMSIG(status));
  }
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::string get_plugin(std::string_view path, const std::string& type, const std::string& key) {
  if (type.find('/') != std::string::npos) {
    throw Error{
        ErrorCode::invalid_config, key + ": " + quote(type) + " must be the name of a plugin"};
  }
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto end = rest.find(':');
    std::string candidate = std::string{rest.substr(0, end)} + "/" + type;
    if (is_regular_file(candidate)) {
      return candidate;
    }
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  throw Error{
      ErrorCode::invalid_config,
      key + ": failed to find plugin " + quote(type) + " in CNI_PATH " + quote(path)};
}

Error read_error(const std::string& who, const Subprocess::Outcome& outcome) {
  std::uint32_t code = 0;
  std::string message;
  std::string details;
  try {
    Config::parse(outcome.output).read([&](Keys& keys) {
      keys.number("code", code, {0, 0xffffffff}, "");
      keys.text("msg", message, "");
      keys.text("details", details, "");
    });
  } catch (const Error&) {
    code = 0;
  }
  if (code == 0) {
    return {
        ErrorCode::internal,
        who + ": " + describe_exit(outcome.status) + ", and no error JSON on stdout"};
  }
  return {static_cast<ErrorCode>(code), message, details};
}

}  // namespace patchbay::cni
