#include "patchbay/attachment.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nettle/base16.h>
#include <nettle/sha2.h>

#include <net/if.h>

#include "base/error.h"
#include "base/types.h"
#include "cni/environment.h"
#include "cni/json.h"
#include "netns/netns.h"

namespace patchbay::runner {

namespace {

constexpr std::string_view kPid = "pid:";

std::string path_of_process(const std::string& text) {
  const auto number = text.substr(kPid.size());
  const bool digits = !number.empty() && std::all_of(number.begin(), number.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
  if (!digits) {
    throw Error{
        ErrorCode::invalid_environment, "NETNS: " + quote(text) + " must be pid: and a number"};
  }
  return "/proc/" + number + "/ns/net";
}

std::pair<std::string, std::string> parse_pair(std::string_view text, const std::string& source) {
  const auto equals = text.find('=');
  const bool valid = equals != std::string_view::npos && equals > 0 && equals + 1 < text.size() &&
                     equals == text.rfind('=');
  if (!valid) {
    throw Error{ErrorCode::invalid_environment, source + ": " + quote(text) + " must be K=V"};
  }
  return {std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)}};
}

}  // namespace

std::string absolute_path(const std::string& path) {
  std::string text = std::filesystem::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') {
    text.pop_back();
  }
  return text;
}

std::string netns_path(const std::string& text) {
  if (text.empty()) {
    throw Error{ErrorCode::invalid_environment, "NETNS: must not be empty"};
  }
  if (text.compare(0, kPid.size(), kPid) == 0) {
    return path_of_process(text);
  }
  return text.find('/') == std::string::npos ? "/run/netns/" + text : absolute_path(text);
}

std::string derived_container_id(std::string_view netns) {
  constexpr std::size_t kBytes = 10;  // cnitool/cnitool.go
  sha512_ctx context{};
  sha512_init(&context);
  const std::basic_string<std::uint8_t> bytes(netns.begin(), netns.end());
  sha512_update(&context, bytes.size(), bytes.data());
  std::array<std::uint8_t, kBytes> digest{};
  sha512_digest(&context, digest.size(), digest.data());
  std::string hexadecimal(BASE16_ENCODE_LENGTH(kBytes), '\0');
  base16_encode_update(hexadecimal.data(), digest.size(), digest.data());
  return "cnitool-" + hexadecimal;
}

std::vector<std::pair<std::string, std::string>> parse_args(
    std::string_view text, const std::string& source) {
  std::vector<std::pair<std::string, std::string>> args;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    args.push_back(parse_pair(text.substr(0, end), source));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return args;
}

std::string parse_capabilities(std::string text, const std::string& source) {
  (void)cni::parse_json(text, source);
  return text;
}

void require_valid(const Owner& owner) {
  if (!cni::is_identifier(owner.network)) {
    throw Error{
        ErrorCode::invalid_environment,
        "NETWORK: " + quote(owner.network) + " must be letters, digits, '_', '.' and '-'"};
  }
  if (!cni::is_identifier(owner.container_id)) {
    throw Error{
        ErrorCode::invalid_environment,
        "container id: " + quote(owner.container_id) +
            " must be letters, digits, '_', '.' and '-', a letter or digit first"};
  }
  if (const auto fault = ifname_fault(owner.ifname)) {
    throw Error{
        ErrorCode::invalid_environment, "interface: name " + quote(owner.ifname) + " " + *fault};
  }
}

bool interface_exists(const std::string& netns, const std::string& ifname) {
  const auto container = netns::Netns::find(netns);
  if (!container) {
    return false;
  }
  const netns::ScopedNetns inside{*container};
  return ::if_nametoindex(ifname.c_str()) != 0;
}

}  // namespace patchbay::runner
