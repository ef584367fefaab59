#include "ovsdb/remote.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <unistd.h>
#include <utility>

#include <sys/un.h>

#include "base/error.h"
#include "base/ip.h"

namespace patchbay::ovsdb {

namespace {

constexpr std::string_view kUnix = "unix:";

[[noreturn]] void refuse(std::string_view remote, const std::string& expected) {
  throw Error{ErrorCode::invalid_config, quote(remote) + " must be " + expected};
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), port);
  return error == std::errc{} && end == text.end() && port != 0;
}

bool is_address(std::string_view text, bool v6) {
  const auto address = IpAddr::find(text);
  return address && address->is_v6() == v6;
}

/// "1.2.3.4", "1.2.3.4:6640", "[::1]" or "[::1]:6640".
bool is_inet(std::string_view text) {
  const bool v6 = text.starts_with('[');
  const auto end = v6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) {
    return false;
  }
  const auto rest = text.substr(end + (v6 ? 1 : 0));
  return is_address(text.substr(v6 ? 1 : 0, end - (v6 ? 1 : 0)), v6) &&
         (rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1))));
}

std::string parse_unix(std::string_view remote, std::string_view path) {
  if (!path.starts_with('/')) {
    refuse(remote, "an absolute path");
  }
  if (path.size() >= sizeof sockaddr_un{}.sun_path) {
    refuse(remote, "shorter: a socket's path has at most 107 bytes");
  }
  return std::string{kUnix} + std::string{path};
}

std::string parse_remote(std::string_view remote) {
  if (remote.starts_with('/')) {
    return parse_unix(remote, remote);
  }
  if (remote.starts_with(kUnix)) {
    return parse_unix(remote, remote.substr(kUnix.size()));
  }
  for (const std::string_view scheme : {"tcp:", "ssl:"}) {
    if (remote.starts_with(scheme) && is_inet(remote.substr(scheme.size()))) {
      return std::string{remote};
    }
  }
  refuse(remote, "unix:PATH, an absolute path, tcp:IP[:PORT] or ssl:IP[:PORT]");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

void require_file(std::string_view key, const std::string& path) {
  if (path.empty()) {
    throw Error{
        ErrorCode::invalid_config, std::string{key} + ": missing, but an ssl: remote needs it"};
  }
  if (::access(path.c_str(), R_OK) != 0) {
    throw Error{
        ErrorCode::invalid_config,
        std::string{key} + ": " + SystemError{errno, "read " + quote(path)}.what()};
  }
}

}  // namespace

std::vector<std::string> parse_remotes(std::string_view text) {
  std::vector<std::string> remotes;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto remote = trimmed(text.substr(0, comma));
    if (!remote.empty()) {
      remotes.push_back(parse_remote(remote));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (remotes.empty()) {
    refuse(text, "one remote or more");
  }
  return remotes;
}

void require_tls_files(const Endpoint& endpoint) {
  const auto remotes = parse_remotes(endpoint.remotes);
  const bool uses_tls = std::any_of(remotes.begin(), remotes.end(), [](const auto& remote) {
    return remote.starts_with("ssl:");
  });
  if (!uses_tls) {
    return;
  }
  require_file("privateKey", endpoint.private_key);
  require_file("certificate", endpoint.certificate);
  require_file("caCertificate", endpoint.ca_certificate);
}

std::string run_directory(const Endpoint& endpoint) {
  for (const auto& remote : parse_remotes(endpoint.remotes)) {
    if (remote.starts_with(kUnix)) {
      return remote.substr(kUnix.size(), remote.rfind('/') - kUnix.size());
    }
  }
  return run_directory({});
}

}  // namespace patchbay::ovsdb
