// ADD and DEL of the ovs plugin.

#include "e2e/golden.h"
#include "ovs/switch_test.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

class OvsTest : public SwitchTest {
 protected:
  /// With all that leaves traces on the host.
  static json network_in(const std::string& version) {
    json config = network(
        R"({"isGateway": true, "ipMasq": true,
            "runtimeConfig": {"bandwidth": {"ingressRate": 20000000000}}})");
    config["cniVersion"] = version;
    return config;
  }
  /// The same; what its first container leaves for the next is there already.
  static json warm_network_in(const std::string& version) {
    json config = network_in(version);
    attach(config, {.id = "first"});
    detach(config, {.id = "first"});
    return config;
  }
};
class OvsVersionTest : public OvsTest, public testing::WithParamInterface<std::string> {};

TEST_P(OvsVersionTest, AddGivesTheGoldenResult) {
  const json result = attach(network_in(GetParam()));

  EXPECT_EQ(difference_to_golden("ovs-" + GetParam(), result), "");
}

TEST_P(OvsVersionTest, SecondAddIsRefusedAndLeavesTheLiveAttachment) {
  const json config = network_in(GetParam());
  attach(config);
  const auto before = everything();

  const Answer again = run("ADD", config);

  EXPECT_TRUE(is_error(again, 4, "CNI_IFNAME"));
  EXPECT_EQ(again.json().at("cniVersion"), GetParam());
  EXPECT_EQ(everything(), before);
}

TEST_P(OvsVersionTest, DelLeavesNothing) {
  const json config = warm_network_in(GetParam());
  const auto before = everything();
  const json result = attach(config);
  EXPECT_NE(everything(), before);

  detach(with_previous(config, result));

  EXPECT_EQ(everything(), before);
}

TEST_P(OvsVersionTest, DelWithoutPreviousResultLeavesNothing) {
  const json config = warm_network_in(GetParam());
  const auto before = everything();
  attach(config);

  detach(config);

  EXPECT_EQ(everything(), before);
}

TEST_P(OvsVersionTest, SecondDelSucceeds) {
  const json config = warm_network_in(GetParam());
  const auto before = everything();
  const json result = attach(config);
  detach(with_previous(config, result));

  detach(with_previous(config, result));

  EXPECT_EQ(everything(), before);
}

TEST_P(OvsVersionTest, DelWithoutNamespaceLeavesNothing) {
  const json config = warm_network_in(GetParam());
  const auto before = everything();
  const json result = attach(config);

  detach(with_previous(config, result), {.ns = ""});

  EXPECT_EQ(everything(), before);
}

TEST_P(OvsVersionTest, DelAfterTheNamespaceIsGoneLeavesNothing) {
  const json config = warm_network_in(GetParam());
  const auto before = everything();
  attach(config);
  destroy_namespace("c1");

  detach(config, {.ns = ""});

  make_namespace("c1");
  EXPECT_TRUE(await([&] { return everything() == before; }));
}

INSTANTIATE_TEST_SUITE_P(Cni, OvsVersionTest, testing::ValuesIn(cni_versions()), name_of_version);

class OvsCheckVersionTest : public OvsTest, public testing::WithParamInterface<std::string> {};

TEST_P(OvsCheckVersionTest, CheckAcceptsWhatAddMade) {
  const json config = network_in(GetParam());

  const json result = attach(config);

  EXPECT_NO_THROW(check(with_previous(config, result)));
}

INSTANTIATE_TEST_SUITE_P(
    Cni, OvsCheckVersionTest, testing::ValuesIn(cni_versions_since("0.4.0")), name_of_version);

TEST_F(OvsTest, WalkThroughOfTwoContainersThatPingEachOther) {
  const json first = attach(network());
  const json second = attach(network(), container_called("c2"));

  EXPECT_EQ(first["ips"][0]["address"], "10.0.0.1/24");
  EXPECT_EQ(second["ips"][0]["address"], "10.0.0.2/24");
  EXPECT_TRUE(ping("c1", "10.0.0.2"));
  EXPECT_TRUE(ping("c2", "10.0.0.1"));
}

TEST_F(OvsTest, ResultNamesBothEnds) {
  const json result = attach(network());

  ASSERT_EQ(result["interfaces"].size(), 2U);
  EXPECT_EQ(result["interfaces"][1]["name"], "eth0");
  EXPECT_EQ(result["interfaces"][1]["sandbox"], "/run/netns/c1");
  EXPECT_EQ(result["interfaces"][1]["mtu"], 1500);
  EXPECT_EQ(result["ips"][0]["interface"], 1);
  EXPECT_EQ(vsctl("list-ports ovs1"), device_of(result));
}

TEST_F(OvsTest, RowsSayWhoseTheyAre) {
  const json result = attach(network(R"({"externalIds": {"team": "a b"}})"));

  const auto port = port_column(result, "external_ids");
  EXPECT_EQ(
      port,
      R"({container_id=c1, ifname=eth0, netns="/run/netns/c1", network=net1, owner=patchbay, team="a b"})");
  const auto interface = interface_column(result, "external_ids");
  EXPECT_NE(interface.find("container_id=c1"), std::string::npos);
  EXPECT_NE(interface.find("team=\"a b\""), std::string::npos);
  EXPECT_NE(interface.find(result["interfaces"][1]["mac"].get<std::string>()), std::string::npos);
}

/// CAP_DAC_OVERRIDE is kept for it.
TEST_F(OvsTest, SocketThatOnlyRootsPrivilegesOpen) {
  shell("chmod 0 /run/openvswitch/db.sock");

  attach(network());
  detach(network());
}

TEST_F(OvsTest, DelAfterTheBridgeIsGone) {
  attach(network());
  shell("ovs-vsctl --timeout=20 del-br ovs1");

  detach(network());

  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(shell("ip -o link show type veth"), "");
}

TEST_F(OvsTest, DelFindsThePortOnAnotherBridge) {
  attach(network());

  detach(network(R"({"bridge": "other"})"));

  EXPECT_EQ(vsctl("list-ports ovs1"), "");
}

TEST_F(OvsTest, DelWithTheDatabaseDownFreesTheRestAndSaysTryAgain) {
  attach(network());
  server().kill();

  const Answer answer = run("DEL", network());

  EXPECT_TRUE(is_error(answer, 11, "remove the port"));
  EXPECT_EQ(count_leases(), 0U);
  EXPECT_EQ(shell("ip -o link show type veth"), "");

  server().start();
  detach(network());
  EXPECT_EQ(vsctl("list-ports ovs1"), "");
}

TEST_F(OvsTest, AddIsPossibleAgainAfterDel) {
  attach(network());
  detach(network());

  attach(network());

  check(
      with_previous(network(), attach(network(), container_called("c2"))), container_called("c2"));
}

TEST_F(OvsTest, LayerTwoNeedsNoIpam) {
  const json config = network(R"({"ipam": null})");

  const json result = attach(config);

  EXPECT_FALSE(result.contains("ips"));
  check(with_previous(config, result));
  detach(config);
}

TEST_F(OvsTest, MacOfEverySource) {
  Container container{.args = "MAC=02:00:00:00:00:01"};
  const auto mac_of = [&](const std::string& patch) {
    const json result = attach(network(patch), container);
    detach(network(patch), container);
    return result["interfaces"][1]["mac"].get<std::string>();
  };

  EXPECT_EQ(mac_of("{}"), "02:00:00:00:00:01");
  EXPECT_EQ(mac_of(R"({"args": {"cni": {"mac": "02:00:00:00:00:02"}}})"), "02:00:00:00:00:01");
  EXPECT_EQ(mac_of(R"({"runtimeConfig": {"mac": "02:00:00:00:00:03"}})"), "02:00:00:00:00:03");
  container.args.clear();
  EXPECT_EQ(mac_of(R"({"args": {"cni": {"mac": "02:00:00:00:00:02"}}})"), "02:00:00:00:00:02");
}

TEST_F(OvsTest, OvnPortBindsTheInterface) {
  shell("ovs-vsctl --timeout=20 add-br br-int -- set Bridge br-int datapath_type=netdev");
  const Container container{.args = "OvnPort=lsp1;IgnoreUnknown=0"};

  const json result = attach(network(R"({"bridge": null})"), container);

  EXPECT_EQ(vsctl("list-ports br-int"), device_of(result));
  EXPECT_EQ(interface_column(result, "external_ids:iface-id"), "lsp1");
  EXPECT_EQ(
      interface_column(result, "external_ids:attached-mac"),
      '"' + result["interfaces"][1]["mac"].get<std::string>() + '"');
}

TEST_F(OvsTest, RequestedAddressIsUsed) {
  const json result = attach(network(R"({"runtimeConfig": {"ips": ["10.0.0.77/24"]}})"));

  EXPECT_EQ(address_of(result), "10.0.0.77");
}

TEST_F(OvsTest, MtuOfBothEnds) {
  const json result = attach(network(R"({"mtu": 1400})"));

  EXPECT_EQ(result["interfaces"][0]["mtu"], 1400);
  EXPECT_EQ(result["interfaces"][1]["mtu"], 1400);
}

TEST_F(OvsTest, MtuAutoIsThatOfTheDefaultRoute) {
  shell(
      "ip link add wan0 mtu 1342 type veth peer wan1; ip link set wan0 up;"
      "ip addr add 192.0.2.1/24 dev wan0; ip route add default via 192.0.2.2");

  EXPECT_EQ(attach(network(R"({"mtu": "auto"})"))["interfaces"][1]["mtu"], 1342);
}

TEST_F(OvsTest, PortColumns) {
  const json result = attach(network(
      R"({"ofport_request": 42, "portIsolation": true, "otherConfig": {"transient": "true"},
          "ingressPolicingRate": 5000, "ingressPolicingBurst": 500})"));

  EXPECT_EQ(interface_column(result, "ofport"), "42");
  EXPECT_EQ(port_column(result, "protected"), "true");
  EXPECT_EQ(port_column(result, "other_config"), "{transient=\"true\"}");
  EXPECT_EQ(interface_column(result, "ingress_policing_rate"), "5000");
  EXPECT_EQ(interface_column(result, "ingress_policing_burst"), "500");
}

TEST_F(OvsTest, BandwidthBecomesQosAndGoesWithThePort) {
  const auto before = everything();
  const json config = network(
      R"({"runtimeConfig": {"bandwidth": {"ingressRate": 20000000000, "ingressBurst": 8000000,
                                          "egressRate": 1500, "egressBurst": 8000}}})");

  const json result = attach(config);

  EXPECT_EQ(vsctl("--bare --columns=other_config list QoS"), "max-rate=20000000000");
  EXPECT_EQ(
      vsctl("--bare --columns=other_config list Queue"), "burst=8000000 max-rate=20000000000");
  EXPECT_EQ(interface_column(result, "ingress_policing_rate"), "2");
  check(with_previous(config, result));
  detach(config);
  EXPECT_EQ(everything(), before);
}

TEST_F(OvsTest, BridgeIsMadeOnRequest) {
  const json config = network(R"({"bridge": "new1", "ensureBridge": true, "datapathType": "netdev",
                  "failMode": "standalone"})");

  attach(config);
  attach(config, container_called("c2"));

  EXPECT_EQ(vsctl("get Bridge new1 datapath_type fail_mode"), "netdev\nstandalone");
  EXPECT_TRUE(ping("c1", "10.0.0.2"));
}

TEST_F(OvsTest, PortOfAnEarlierBootIsReplaced) {
  attach(network());
  shell("ip link del $(ovs-vsctl --no-wait list-ports ovs1)");
  shell("rm -r /var/lib/cni/networks");

  const json result = attach(network());

  EXPECT_EQ(vsctl("list-ports ovs1"), device_of(result));
  check(with_previous(network(), result));
}

TEST_F(OvsTest, RemotesAndBarePaths) {
  for (const std::string remote :
       {"/run/openvswitch/db.sock", "unix:/run/nowhere,unix:/run/openvswitch/db.sock"}) {
    json config = network();
    config["socket_file"] = remote;

    attach(config);
    detach(config);
  }
}

TEST_F(OvsTest, FileCompletesTheConfiguration) {
  write_file(
      "/run/flat.conf",
      R"({"bridge": "nowhere", "vlan": 12, "socket_file": "/run/openvswitch/db.sock"})");
  json config = network(R"({"configuration_path": "/run/flat.conf", "vlan": 0,
                            "socket_file": ""})");

  const json result = attach(config);

  EXPECT_EQ(vsctl("list-ports ovs1"), device_of(result));
  EXPECT_EQ(port_column(result, "tag"), "12");
}

}  // namespace
}  // namespace patchbay::test
