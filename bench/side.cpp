#include "side.h"

#include <string_view>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "open_vswitch.h"

namespace patchbay::bench {

namespace {

constexpr auto kVersion = "1.0.0";  // the newest that Debian 12's reference plugins speak

/// Nothing of our own environment, so that every run of the benchmark is alike.
std::vector<std::string> environment_of(const Attachment& attachment, const std::string& command) {
  return {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "CNI_COMMAND=" + command,
      "CNI_CONTAINERID=" + attachment.container_id,
      "CNI_NETNS=" + attachment.netns,
      "CNI_IFNAME=" + std::string{attachment.row.plugin == "loopback" ? "lo" : "eth0"},
      "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=bench",
      "CNI_PATH=" + attachment.side.path,
      "FLOOR=" + attachment.row.job};
}

std::string input_of(const Attachment& attachment) {
  auto config = nlohmann::json::parse(attachment.row.config);
  config["cniVersion"] = kVersion;
  config["name"] = attachment.network;
  if (!attachment.database.empty()) {
    config["socket_file"] = attachment.database;
  }
  if (!attachment.previous.empty()) {
    config["prevResult"] = nlohmann::json::parse(attachment.previous);
  }
  return config.dump();
}

/// ovs-vsctl waits for ovs-vswitchd where there is one.
std::vector<std::string> vsctl_arguments(const Attachment& attachment, const std::string& command) {
  std::vector<std::string> words{"--db=" + attachment.database};
  if (attachment.row.stage == Stage::database) {
    words.emplace_back("--no-wait");
  }
  words.emplace_back(command == "ADD" ? "add-port" : "del-port");
  words.emplace_back(kBridge);
  words.push_back(attachment.port);
  return words;
}

std::vector<std::string> arguments_of(const Attachment& attachment, const std::string& command) {
  const auto& program = attachment.row.*attachment.side.program;
  if (program == "ovs-vsctl") {
    return vsctl_arguments(attachment, command);
  }
  if (program == "ovsdb_port") {
    return {command, attachment.database, kBridge, attachment.port};
  }
  return {};
}

}  // namespace

std::string find_executable(const Side& side, const Row& row) {
  const std::string& program = row.*side.program;
  std::string_view rest = side.path;
  while (!rest.empty()) {
    const auto end = rest.find(':');
    auto candidate = std::string{rest.substr(0, end)} + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  throw Error{
      ErrorCode::invalid_config,
      side.name + ": there is no executable " + quote(program) + " in " + quote(side.path)};
}

Command command_of(const Attachment& attachment, const std::string& command) {
  return {
      .path = find_executable(attachment.side, attachment.row),
      .arguments = arguments_of(attachment, command),
      .environment = environment_of(attachment, command),
      .input = input_of(attachment)};
}

}  // namespace patchbay::bench
