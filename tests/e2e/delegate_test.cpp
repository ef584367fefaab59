// Which executable serves as the IPAM plugin, and whether one is executed at all.

#include "e2e/network.h"

namespace patchbay::test {
namespace {

/// /run/plugins is the whole CNI_PATH.
class DelegateTest : public PluginTest {
 protected:
  static Answer run_with_own_path(const std::string& command, const json& network) {
    Call one = call(command, network);
    one.path = "/run/plugins";
    return run_plugin(one, network.dump());
  }
  static std::string real_host_local() { return plugin_directory() + "/host-local"; }
};

TEST_F(DelegateTest, SameBuildNeedNotBeExecuted) {
  // The first page carries the build ID; what is left of the executable cannot run.
  shell("mkdir /run/plugins; head -c 4096 " + real_host_local() + " > /run/plugins/host-local");
  shell("chmod +x /run/plugins/host-local");
  const json network = bridge_network();

  const Answer added = run_with_own_path("ADD", network);

  ASSERT_TRUE(is_success(added));
  EXPECT_EQ(added.json()["ips"][0]["address"], "10.1.0.2/24");
  EXPECT_TRUE(is_success(run_with_own_path("CHECK", with_previous(network, added.json()))));
  EXPECT_TRUE(is_error(run_with_own_path("ADD", network), 4, "CNI_IFNAME"));
  EXPECT_EQ(count_leases(), 1U);
  EXPECT_TRUE(is_success(run_with_own_path("DEL", network)));
  EXPECT_EQ(count_leases(), 0U);
}

TEST_F(DelegateTest, ErrorsOfTheSameBuildAreItsOwn) {
  json network = bridge_network();
  network["ipam"]["ranges"][0][0]["subnet"] = "10.1.0.0/33";

  EXPECT_TRUE(is_error(run("ADD", network), 7, "ipam.ranges[0][0].subnet"));
}

TEST_F(DelegateTest, AnythingElseCalledHostLocalIsExecuted) {
  make_plugin("host-local", "echo $CNI_COMMAND >> /run/commands; exec " + real_host_local());
  const json network = bridge_network();

  EXPECT_TRUE(is_success(run_with_own_path("ADD", network)));
  EXPECT_TRUE(is_success(run_with_own_path("DEL", network)));

  EXPECT_EQ(shell("cat /run/commands"), "ADD\nDEL\n");
}

TEST_F(DelegateTest, ExecutedOrNotItsResultIsTheSame) {
  make_plugin("host-local", "exec " + real_host_local());
  for (const char* version : {"0.2.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"}) {
    json network = bridge_network();
    network["cniVersion"] = version;
    network["ipam"]["ranges"][0][0]["rangeStart"] = "10.1.0.7";
    network["ipam"]["ranges"][0][0]["rangeEnd"] = "10.1.0.7";
    network["ipam"]["routes"] = {{{"dst", "10.9.0.0/16"}, {"mtu", 1300}, {"priority", 5}}};

    json linked = run("ADD", network).json();
    const std::string routes = shell_in("c1", "ip route");
    ASSERT_TRUE(is_success(run("DEL", network)));
    json executed = run_with_own_path("ADD", network).json();

    EXPECT_EQ(shell_in("c1", "ip route"), routes) << version;
    EXPECT_NE(routes.find("10.9.0.0/16"), std::string::npos) << routes;
    linked.erase("interfaces");  // each time with another MAC address
    executed.erase("interfaces");
    EXPECT_EQ(executed, linked) << version;
    ASSERT_TRUE(is_success(run("DEL", network)));
  }
}

TEST_F(DelegateTest, SameBuildHasToBeExecutableAllTheSame) {
  shell("mkdir /run/plugins; cp " + real_host_local() + " /run/plugins; chmod -x /run/plugins/*");

  EXPECT_TRUE(is_error(run_with_own_path("ADD", bridge_network()), 100, "host-local"));
}

}  // namespace
}  // namespace patchbay::test
