#include "cni/environment.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"

namespace patchbay::cni {

namespace {

struct Verb {
  std::string_view name;
  Command command;
  bool needs_container;  ///< CNI_CONTAINERID and CNI_IFNAME.
  bool needs_netns;
  bool needs_path;
};

constexpr std::array<Verb, 6> kVerbs{{
    {"ADD", Command::add, true, true, true},
    {"DEL", Command::del, true, false, true},
    {"CHECK", Command::check, true, true, true},
    {"GC", Command::gc, false, false, true},
    {"STATUS", Command::status, false, false, true},
    {"VERSION", Command::version, false, false, false},
}};

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string text_of(const Getenv& getenv, const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

bool is_true(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return value == "TRUE" || value == "1";
}

const Verb& find_verb(std::string_view name) {
  const auto* verb = std::find_if(
      kVerbs.begin(), kVerbs.end(), [&](const Verb& candidate) { return candidate.name == name; });
  if (verb == kVerbs.end()) {
    throw Error{ErrorCode::invalid_environment, "unknown CNI_COMMAND: " + quote(name)};
  }
  return *verb;
}

void check_values(const Environment& environment, const Verb& verb) {
  if (!verb.needs_container) {
    return;
  }
  if (!environment.container_id.empty() && !is_identifier(environment.container_id)) {
    throw Error{
        ErrorCode::invalid_environment,
        "CNI_CONTAINERID: invalid characters in " + quote(environment.container_id),
        environment.container_id};
  }
  const auto fault = ifname_fault(environment.ifname);
  if (!environment.ifname.empty() && fault) {
    throw Error{
        ErrorCode::invalid_environment,
        "CNI_IFNAME: interface name " + quote(environment.ifname) + " " + *fault};
  }
}

void check_presence(const Environment& environment, const Verb& verb) {
  std::string missing;
  const auto require = [&](bool needed, std::string_view value, const char* name) {
    if (needed && value.empty()) {
      missing += (missing.empty() ? "" : ",") + std::string{name};
    }
  };
  require(verb.needs_container, environment.container_id, "CNI_CONTAINERID");
  require(verb.needs_netns, environment.netns, "CNI_NETNS");
  require(verb.needs_container, environment.ifname, "CNI_IFNAME");
  require(verb.needs_path, environment.path, "CNI_PATH");
  if (!missing.empty()) {
    throw Error{ErrorCode::invalid_environment, "required env variables [" + missing + "] missing"};
  }
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
         });
}

std::optional<Environment> parse_environment(const Getenv& getenv) {
  const std::string command = text_of(getenv, "CNI_COMMAND");
  if (command.empty()) {
    return std::nullopt;
  }
  const Verb& verb = find_verb(command);
  Environment environment{
      .command = verb.command,
      .container_id = text_of(getenv, "CNI_CONTAINERID"),
      .netns = text_of(getenv, "CNI_NETNS"),
      .ifname = text_of(getenv, "CNI_IFNAME"),
      .args = text_of(getenv, "CNI_ARGS"),
      .path = text_of(getenv, "CNI_PATH"),
      .netns_override = is_true(text_of(getenv, "CNI_NETNS_OVERRIDE"))};
  check_values(environment, verb);
  check_presence(environment, verb);
  return environment;
}

}  // namespace patchbay::cni
