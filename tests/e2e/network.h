#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/host.h"
#include "support/run_plugin.h"

namespace patchbay::test {

using nlohmann::json;

/// The seven versions of the CNI spec, oldest first.
const std::vector<std::string>& cni_versions();
/// Those since `first`.
std::vector<std::string> cni_versions_since(const std::string& first);
/// "1.1.0" as "v110", for the name of a parametrised test.
std::string name_of_version(const testing::TestParamInfo<std::string>& info);

/// The text itself, a word that may have hyphens in it.
std::string name_of_text(const testing::TestParamInfo<std::string>& info);

/// One interface of one container.
struct Container {
  std::string id = "c1";
  std::string ns = "/run/netns/c1";
  std::string ifname = "eth0";
  std::string args{};
};

/// The container `name` in the namespace `name`.
Container container_called(const std::string& name);

/// A host with one container, c1, and the plugins under test.
class PluginTest : public HostTest {
 protected:
  void SetUp() override;

  /// A bridge network 10.1.0.0/24 with gateway and default route; host-local gives the addresses.
  static json bridge_network(const std::string& version = "1.1.0");
  /// The same, routed by ptp.
  static json ptp_network(const std::string& version = "1.1.0");
  /// The device nic0 moved into the container, with an address of the same range.
  static json host_device_network(const std::string& version = "1.1.0");
  /// The end of a veth pair that plays a NIC: up, with an MTU, a MAC address and an alias of its
  /// own. Its cable leads to 10.1.0.1 and fd00:1::1 in the namespace "far", which is made if need
  /// be.
  void plug_nic(const std::string& name = "nic0");
  /// "ipam" for one range set a subnet.
  static json host_local(const std::vector<std::string>& subnets);

  static Call call(
      const std::string& command, const json& network, const Container& container = {});
  static Answer run(
      const std::string& command, const json& network, const Container& container = {});
  /// `network` with a previous result.
  static json with_previous(json network, const json& result);

  /// ADD; the result. Throws std::runtime_error with both streams when it fails.
  static json attach(const json& network, const Container& container = {});
  /// DEL and CHECK, which must succeed silently. Throw std::runtime_error otherwise.
  static void detach(const json& network, const Container& container = {});
  static void check(const json& network, const Container& container = {});

  /// An executable in /run/plugins, which is the last directory of every call's CNI_PATH.
  static void make_plugin(const std::string& name, const std::string& script);
  /// The number of leases in /var/lib/cni/networks/<network>.
  static std::size_t count_leases(const std::string& network = "net1");
};

/// A predicate for gtest: `answer` is an error with `code` whose message contains `part`.
testing::AssertionResult is_error(const Answer& answer, unsigned code, const std::string& part);
/// A predicate for gtest: exit status 0.
testing::AssertionResult is_success(const Answer& answer);

}  // namespace patchbay::test
