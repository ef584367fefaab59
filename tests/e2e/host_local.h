#pragma once

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/run_plugin.h"
#include "support/temp_directory.h"

namespace patchbay::test {

using nlohmann::json;

using Names = std::set<std::string>;

/// The host-local executable on a dataDir of its own.
class HostLocalTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory.path("net"); }
  [[nodiscard]] std::string path(const std::string& name) const { return path() + "/" + name; }

  /// A network whose "ipam" is `ipam` with dataDir in the test's own directory.
  [[nodiscard]] json network(json ipam, const std::string& version = "1.1.0") const {
    ipam["type"] = "host-local";
    ipam["dataDir"] = directory.path();
    return {{"cniVersion", version}, {"name", "net"}, {"type", "bridge"}, {"ipam", ipam}};
  }
  [[nodiscard]] json network() const { return network({{"subnet", "10.1.0.0/24"}}); }

  /// The lease plugin needs no namespace; the contract wants one.
  static Call call(const std::string& command, const std::string& id) {
    return {
        .plugin = "host-local",
        .command = command,
        .container_id = id,
        .netns = "/proc/self/ns/net",
        .extra_env = {{"CNI_NETNS_OVERRIDE", "1"}}};
  }
  static Answer run(const std::string& command, const std::string& id, const json& config) {
    return run_plugin(call(command, id), config.dump());
  }
  /// The plugin that we take turns with.
  static constexpr auto kReference = "/usr/lib/cni/host-local";
  static Answer reference(const std::string& command, const std::string& id, const json& config) {
    Call with = call(command, id);
    with.plugin = kReference;
    return run_plugin(with, config.dump());
  }
  static std::string address_in(const Answer& answer) {
    return answer.json().at("ips").at(0).at("address");
  }
  [[nodiscard]] Names leases() const {
    Names names = names_in(path());
    for (const auto* other :
         {".patchbay-index", "last_reserved_ip.0", "last_reserved_ip.1", "lock"}) {
      names.erase(other);
    }
    return names;
  }

  TempDirectory directory;
};

}  // namespace patchbay::test
