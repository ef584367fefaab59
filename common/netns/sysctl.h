#pragma once

#include <optional>
#include <string>
#include <string_view>

/// /proc/sys/net of the namespace the calling thread is in. A `key` is a path below it:
/// "ipv4/ip_forward".
namespace patchbay::sysctl {

/// The value without its newline; nullopt when there is no such key (IPv6 disabled, link gone).
std::optional<std::string> find(const std::string& key);

/// Writes `value` unless the key has it already. Throws SystemError; a missing key is ENOENT.
void set(const std::string& key, std::string_view value);

/// As set(), but a key that is missing or refused is only worth a line at debug: false then.
bool try_set(const std::string& key, std::string_view value);

/// The key that lets the host route packets of one family.
std::string forwarding_key(bool v6);

}  // namespace patchbay::sysctl
