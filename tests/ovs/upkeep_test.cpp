// CHECK, STATUS and GC of the ovs plugin.

#include <csignal>

#include "ovs/switch_test.h"
#include "ovsdb/old_server.h"

namespace patchbay::test {
namespace {

class OvsCheckTest : public SwitchTest {};

TEST_F(OvsCheckTest, FreshAttachmentPasses) {
  check(with_previous(network(), attach(network())));
}

TEST_F(OvsCheckTest, EveryFaultIsFound) {
  const json config = network(
      R"({"vlan": 10, "externalIds": {"a": "b"}, "link_state_check_interval": 40,
          "runtimeConfig": {"bandwidth": {"ingressRate": 9000000, "egressRate": 1001}},
          "ipam": {"routes": [{"dst": "192.0.2.0/24"}]}})");
  const json previous = with_previous(config, attach(config));
  const std::string device = device_of(previous["prevResult"]);
  struct Fault {
    std::string damage;
    std::string repair;
    std::string part;
  };
  const std::string ctl = "ovs-vsctl --timeout=9 ";
  const std::string row = ctl + "--no-wait set Interface " + device + " ";
  const std::string queue = ctl + "--no-wait set Queue " +
                            vsctl("--bare --columns=_uuid list Queue") + " other_config:max-rate=";
  const std::string ofport = interface_column(previous["prevResult"], "ofport");
  const std::vector<Fault> faults{
      {ctl + "set Port " + device + " tag=11", ctl + "set Port " + device + " tag=10", "tag 11"},
      {ctl + "set Port " + device + " trunks=3",
       ctl + "clear Port " + device + " trunks",
       "trunks"},
      {ctl + "set Port " + device + " protected=true",
       ctl + "set Port " + device + " protected=false",
       "isolation"},
      {ctl + "remove Port " + device + " external_ids a",
       ctl + "set Port " + device + " external_ids:a=b",
       "externalIds"},
      {row + "ingress_policing_rate=3", row + "ingress_policing_rate=2", "3000 bit/s from"},
      {queue + "7000000", queue + "9000000", "7000000 bit/s to"},
      {row + "error=torn",
       ctl + "--no-wait clear Interface " + device + " error",
       "has error 'torn'"},
      {row + "ofport=-1", row + "ofport=" + ofport, "not been taken up"},
      {row + "link_state=down", row + "link_state=up", "link_state 'down'"},
      {"ip link set " + device + " down", "ip link set " + device + " up", "not up"},
      {"ip -n c1 addr del 10.0.0.1/24 dev eth0",
       "ip -n c1 addr add 10.0.0.1/24 dev eth0;"
       "ip -n c1 route add 192.0.2.0/24 via 10.0.0.254",
       "10.0.0.1/24"},
      {"ip -n c1 route del 192.0.2.0/24",
       "ip -n c1 route add 192.0.2.0/24 via 10.0.0.254",
       "192.0.2.0/24"},
      {ctl + "add-br ovs2 -- set Bridge ovs2 datapath_type=netdev -- remove Bridge ovs1 ports $(" +
           ctl + "get Port " + device + " _uuid) -- add Bridge ovs2 ports $(" + ctl + "get Port " +
           device + " _uuid)",
       "true",
       "not on bridge 'ovs1'"}};

  for (const auto& fault : faults) {
    const bool is_of_daemon = fault.damage.starts_with(row);  // it may write the truth any time
    if (is_of_daemon) {
      vswitchd().signal(SIGSTOP);
    }
    shell(fault.damage);
    EXPECT_TRUE(is_error(run("CHECK", previous), 103, fault.part)) << fault.damage;
    shell(fault.repair);
    if (is_of_daemon) {
      vswitchd().signal(SIGCONT);
    }
    if (fault.repair != "true") {
      EXPECT_TRUE(eventually([&] { return run("CHECK", previous).ok(); })) << fault.repair;
    }
  }
}

TEST_F(OvsCheckTest, PortThatIsGone) {
  const json previous = with_previous(network(), attach(network()));
  shell("ovs-vsctl --timeout=9 del-port " + device_of(previous["prevResult"]));

  EXPECT_TRUE(is_error(run("CHECK", previous), 103, "no port of the container"));
}

class OvsStatusTest : public SwitchTest {};

TEST_F(OvsStatusTest, RunningSwitchIsReady) {
  EXPECT_TRUE(is_success(run("STATUS", network())));
}

TEST_F(OvsStatusTest, MissingBridge) {
  EXPECT_TRUE(is_error(run("STATUS", network(R"({"bridge": "nowhere"})")), 50, "'nowhere'"));
  EXPECT_TRUE(is_success(run("STATUS", network(R"({"bridge": "nowhere", "ensureBridge": true})"))));
}

TEST_F(OvsStatusTest, DeadDatabase) {
  server().kill();

  EXPECT_TRUE(is_error(run("STATUS", network()), 50, "Connection refused"));
}

TEST_F(OvsStatusTest, HungSwitch) {
  vswitchd().signal(SIGSTOP);

  EXPECT_TRUE(is_error(
      run("STATUS", network(R"({"link_state_check_interval": 50})")), 50, "does not answer"));
}

class OvsGcTest : public SwitchTest {
 protected:
  static json valid(const json& config, const json& attachments) {
    json document = config;
    document["cni.dev/valid-attachments"] = attachments;
    return document;
  }
};

TEST_F(OvsGcTest, StalePortsGoAndValidOnesStay) {
  const json config = network(R"({"runtimeConfig": {"bandwidth": {"ingressRate": 1000000}}})");
  attach(config);
  const json kept = attach(config, container_called("c2"));
  const json other = network(R"({"name": "net2"})");
  make_namespace("c3");
  const json others = attach(other, container_called("c3"));
  (void)vsctl("add-port ovs1 foreign");

  const Answer answer = run("GC", valid(config, {{{"containerID", "c2"}, {"ifname", "eth0"}}}));

  EXPECT_TRUE(is_success(answer));
  const auto ports = vsctl("list-ports ovs1");
  for (const auto& name : {device_of(kept), device_of(others), std::string{"foreign"}}) {
    EXPECT_NE(ports.find(name), std::string::npos) << ports;
  }
  EXPECT_EQ(std::count(ports.begin(), ports.end(), '\n'), 2) << ports;
  EXPECT_EQ(vsctl("--bare --columns=_uuid list QoS").size(), 36U);
  EXPECT_EQ(vsctl("--bare --columns=_uuid list Queue").size(), 36U);
  EXPECT_EQ(count_leases(), 1U);
  check(with_previous(config, kept), container_called("c2"));
}

TEST_F(OvsGcTest, PortsOfAnEarlierBootGo) {
  const json result = attach(network());
  shell("ip link del " + device_of(result));

  EXPECT_TRUE(is_success(run("GC", valid(network(), json::array()))));

  EXPECT_EQ(vsctl("list-ports ovs1"), "");
}

class OvsOldServerTest : public SwitchTest {};

TEST_F(OvsOldServerTest, AddCheckAndDel) {
  OldServer old{"/run/old.sock", "/run/openvswitch/db.sock"};
  const json config = network(
      R"({"socket_file": "/run/old.sock",
          "runtimeConfig": {"bandwidth": {"ingressRate": 1000000}}})");
  const auto before = everything();

  const json result = attach(config);
  EXPECT_EQ(vsctl("list-ports ovs1"), device_of(result));
  check(with_previous(config, result));
  detach(config);

  EXPECT_EQ(everything(), before);
}

}  // namespace
}  // namespace patchbay::test
