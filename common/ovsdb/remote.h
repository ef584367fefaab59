#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::ovsdb {

/// Where Debian's Open vSwitch listens.
inline constexpr std::string_view kDefaultRemote = "unix:/var/run/openvswitch/db.sock";

/// How to reach a database server.
struct Endpoint {
  /// Comma-separated, tried in turn: "unix:PATH" or just an absolute path, "tcp:IP[:PORT]",
  /// "ssl:IP[:PORT]". The port is 6640 when absent, an IPv6 address stands in brackets.
  std::string remotes{kDefaultRemote};
  std::string private_key{};  ///< Names of PEM files; all three are needed for "ssl:".
  std::string certificate{};
  std::string ca_certificate{};
  /// For a connection to one remote, and for the answer to a request (what the request itself waits
  /// for comes on top).
  std::chrono::milliseconds connect_timeout{1500};
  std::chrono::milliseconds reply_timeout{5000};
};

/// The remotes one by one, as libopenvswitch takes them. Throws Error{invalid_config} for a text
/// that is none: names of hosts cannot be resolved in a static executable.
std::vector<std::string> parse_remotes(std::string_view text);

/// Checks what can be known without connecting. Throws Error{invalid_config} that names the key:
/// privateKey, certificate or caCertificate for TLS files that are missing or unreadable.
void require_tls_files(const Endpoint& endpoint);

/// The directory of the first unix socket, where ovs-vswitchd's sockets are too; the default
/// remote's when there is none.
std::string run_directory(const Endpoint& endpoint);

}  // namespace patchbay::ovsdb
