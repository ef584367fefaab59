#include "side.h"

#include <iomanip>
#include <sstream>
#include <string_view>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "open_vswitch.h"

namespace patchbay::bench {

namespace {

using nlohmann::json;

constexpr auto kVersion = "1.0.0";  // the newest that Debian 12's reference plugins speak
constexpr auto kVersionOfGc = "1.1.0";
constexpr auto kIfname = "eth0";

/// 64 hex digits, as runtimes have them.
std::string container_id_of(const Attachment& attachment) {
  std::ostringstream text;
  text << std::string(56, 'c') << std::setfill('0') << std::setw(8) << std::hex
       << attachment.number;
  return text.str();
}

/// Nothing of our own environment, so that every run of the benchmark is alike.
std::vector<std::string> environment_of(const Attachment& attachment, const std::string& command) {
  return {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "CNI_COMMAND=" + command,
      "CNI_CONTAINERID=" + container_id_of(attachment),
      "CNI_NETNS=" + attachment.netns,
      "CNI_IFNAME=" + std::string{attachment.row.plugin == "loopback" ? "lo" : kIfname},
      "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=bench",
      "CNI_PATH=" + attachment.side.path,
      "FLOOR=" + attachment.row.job,
      "FLOOR_NETWORK=" + std::to_string(label_of_network(attachment.network_number))};
}

std::string cni_input(const Attachment& attachment, const std::string& command) {
  auto config = json::parse(network_config(attachment.row, attachment.network_number));
  config["cniVersion"] = command == "GC" ? kVersionOfGc : kVersion;
  if (command == "GC") {
    config["cni.dev/valid-attachments"] = json::array();
  }
  config["name"] = attachment.network;
  if (attachment.row.stage == Stage::devices) {
    config["device"] = device_name(attachment.number);
  }
  if (!attachment.database.empty()) {
    config["socket_file"] = attachment.database;
  }
  if (!attachment.previous.empty()) {
    config["prevResult"] = json::parse(attachment.previous);
  }
  return config.dump();
}

/// What podman hands to netavark. Addresses are podman's business, so one is given.
std::string netavark_input(const Attachment& attachment) {
  const auto label = std::to_string(label_of_network(attachment.network_number));
  const std::string prefix = "10." + label + ".";
  const json subnet{{"subnet", prefix + "0.0/16"}, {"gateway", prefix + "0.1"}};
  const json network{
      {"name", attachment.network},
      {"id", std::string(64, 'a')},
      {"driver", "bridge"},
      {"network_interface", "cni" + label},
      {"subnets", json::array({subnet})},
      {"ipv6_enabled", false},
      {"internal", false},
      {"dns_enabled", false},
      {"ipam_options", {{"driver", "host-local"}}}};
  const std::string address = prefix + std::to_string(1 + attachment.number / 250) + "." +
                              std::to_string(2 + attachment.number % 250);
  const json options{{"interface_name", kIfname}, {"static_ips", json::array({address})}};
  return json{
      {"container_id", container_id_of(attachment)},
      {"container_name", "bench"},
      {"networks", {{attachment.network, options}}},
      {"network_info", {{attachment.network, network}}}}
      .dump();
}

/// ovs-vsctl waits for ovs-vswitchd where there is one.
std::vector<std::string> vsctl_arguments(
    const Attachment& attachment, const std::string& command, const std::string& port) {
  std::vector<std::string> words{"--db=" + attachment.database};
  if (attachment.row.stage == Stage::database) {
    words.emplace_back("--no-wait");
  }
  words.emplace_back(command == "ADD" ? "add-port" : "del-port");
  words.emplace_back(kBridge);
  words.push_back(port);
  return words;
}

/// Who does not speak CNI is told by arguments.
std::vector<std::string> arguments_of(
    const Attachment& attachment, const std::string& program, const std::string& command) {
  const std::string port = "port" + std::to_string(attachment.number);
  if (program == "ovs-vsctl") {
    return vsctl_arguments(attachment, command, port);
  }
  if (program == "ovsdb_port") {
    return {command, attachment.database, kBridge, port};
  }
  if (program == "netavark") {
    return {command == "ADD" ? "setup" : "teardown", attachment.netns};
  }
  return {};
}

}  // namespace

std::optional<std::string> look_for_executable(
    const std::string& path, const std::string& program) {
  std::string_view rest = program.empty() ? "" : std::string_view{path};
  while (!rest.empty()) {
    const auto end = rest.find(':');
    auto candidate = std::string{rest.substr(0, end)} + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return std::nullopt;
}

std::string find_executable(const Side& side, const Row& row) {
  const std::string& program = row.*side.program;
  if (auto path = look_for_executable(side.path, program)) {
    return *path;
  }
  throw Error{
      ErrorCode::invalid_config,
      side.name + ": there is no executable " + quote(program) + " in " + quote(side.path)};
}

Command command_of(const Attachment& attachment, const std::string& command) {
  const std::string& program = attachment.row.*attachment.side.program;
  return {
      .path = find_executable(attachment.side, attachment.row),
      .arguments = arguments_of(attachment, program, command),
      .environment = environment_of(attachment, command),
      .input = program == "netavark" ? netavark_input(attachment) : cni_input(attachment, command)};
}

}  // namespace patchbay::bench
