#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace patchbay {

/// Error codes a plugin may report on stdout. Values below 100 are those of the CNI spec 1.1.0,
/// section "Error", and 8 is libcni's; 100 and up are ours.
enum class ErrorCode : unsigned {
  incompatible_version = 1,
  unsupported_field = 2,
  unknown_container = 3,
  invalid_environment = 4,
  io_failure = 5,
  decoding_failure = 6,
  invalid_config = 7,
  invalid_netns = 8,
  try_again_later = 11,
  plugin_not_available = 50,
  limited_connectivity = 51,
  kernel = 100,             ///< The kernel refused a request; its errno is in the message.
  exhausted = 101,          ///< No address is left in a range set.
  already_allocated = 102,  ///< This owner already holds an address; nothing was taken.
  check_failed = 103,       ///< CHECK found something that is not as ADD left it.
  internal = 999,           ///< Not foreseen; a defect of ours.
};

/// The current command cannot be completed. Thrown anywhere, caught once, in cni::run().
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string msg, std::string details = {});

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& details() const noexcept { return details_; }
  [[nodiscard]] const char* what() const noexcept override { return msg_.c_str(); }

 private:
  ErrorCode code_;
  std::string msg_;
  std::string details_;
};

/// A system call or netlink request failed. `what` names the attempt and its object in the
/// imperative ("set master of 'vethab12'"); strerror() and any extack text are appended.
class SystemError : public Error {
 public:
  SystemError(int errno_value, std::string_view what, std::string_view extack = {});

  [[nodiscard]] int errno_value() const noexcept { return errno_value_; }

 private:
  int errno_value_;
};

/// `text` between single quotes, control and non-ASCII bytes escaped, cut to 200 bytes: how error
/// messages quote what they were given.
std::string quote(std::string_view text);

}  // namespace patchbay
