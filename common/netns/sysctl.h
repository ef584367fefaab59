#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

/// /proc/sys/net of the namespace the calling thread is in. A `key` is a path below it:
/// "ipv4/ip_forward".
namespace patchbay::sysctl {

/// Writes `value` unless the key has it already. Throws SystemError; a missing key is ENOENT.
void set(const std::string& key, std::string_view value);

/// As set(), but a key that is missing or refused is only worth a line at debug: false then.
bool try_set(const std::string& key, std::string_view value);

/// The keys below a directory, "ipv6/conf", of the namespace that the calling thread is in when
/// this is made. Who needs several of them makes one: finding the directory costs more than all
/// that is in it.
class Directory {
 public:
  /// Without the directory it has no keys.
  explicit Directory(std::string path);

  /// The value without its newline; nullopt when there is no such key (IPv6 disabled, link gone).
  [[nodiscard]] std::optional<std::string> find(const std::string& key) const;
  /// As those above.
  void set(const std::string& key, std::string_view value);
  bool try_set(const std::string& key, std::string_view value);

 private:
  [[nodiscard]] std::string quoted(const std::string& key) const;
  /// 0, or the errno of the refusal.
  int write(const std::string& key, std::string_view value);

  std::string path_;
  UniqueFd fd_;
};

/// The key that lets the host route packets of one family.
std::string forwarding_key(bool v6);

}  // namespace patchbay::sysctl
