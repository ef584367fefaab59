// Daemons that die, hang or refuse: nothing is left behind.

#include <chrono>
#include <ctime>

#include "e2e/failures.h"
#include "ovs/switch_test.h"
#include "ovsdb/certificates.h"

namespace patchbay::test {
namespace {

class OvsFailureTest : public SwitchTest {
 protected:
  /// An IPAM plugin that runs `script` in the middle of ADD.
  static json network_with(const std::string& script) {
    make_plugin(
        "meddler",
        "[ \"$CNI_COMMAND\" = ADD ] || exit 0\n" + script +
            R"(
echo '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.1/24"}]}')");
    return network(R"({"ipam": {"type": "meddler", "ranges": null}})");
  }
};

TEST_F(OvsFailureTest, SwitchThatHangsIsGivenUpInTime) {
  const auto before = everything();
  vswitchd().signal(SIGSTOP);
  const auto start = std::chrono::steady_clock::now();

  const Answer answer =
      run("ADD", network(R"({"link_state_check_retries": 2, "link_state_check_interval": 100})"));

  EXPECT_TRUE(is_error(answer, 11, "ovs-vswitchd has not taken it up in 200 ms"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2});
  EXPECT_EQ(everything(), before);
}

TEST_F(OvsFailureTest, SwitchThatIsKilledDuringAdd) {
  const auto before = everything();
  const json config = network_with("pkill -KILL -P $(ps -o ppid= -p $PPID) ovs-vswitchd");
  vswitchd().signal(SIGSTOP);  // or it may have taken the port up before

  const Answer answer = run("ADD", config);

  EXPECT_TRUE(is_error(answer, 11, "ovs-vswitchd has not taken it up in 3000 ms"));
  vswitchd().stop(SIGKILL);
  start_switch();
  EXPECT_TRUE(eventually([&] { return everything() == before; }));
  attach(network());
}

TEST_F(OvsFailureTest, SwitchIsNotAwaitedWhenSoConfigured) {
  vswitchd().stop(SIGKILL);

  const json result = attach(network(R"({"link_state_check_retries": 0})"));

  EXPECT_EQ(vsctl("list-ports ovs1"), device_of(result));
}

TEST_F(OvsFailureTest, DatabaseThatIsKilledDuringAdd) {
  const json config = network_with("pkill -KILL -P $(ps -o ppid= -p $PPID) ovsdb-server");
  const auto before = dump();

  const Answer answer = run("ADD", config);

  EXPECT_TRUE(is_error(answer, 11, "talk to ovsdb-server"));
  EXPECT_TRUE(is_unchanged(before));

  server().daemon().stop(SIGKILL);
  server().start();
  detach(config);
  EXPECT_EQ(vsctl("list-ports ovs1"), "");
  attach(network());
}

TEST_F(OvsFailureTest, BridgeThatIsRemovedDuringAdd) {
  const json config = network_with(
      "until ovs-vsctl --no-wait list-ports ovs1 | grep -q .; do :; done;"
      "ovs-vsctl --timeout=9 del-br ovs1");

  const Answer answer = run("ADD", config);

  EXPECT_TRUE(is_error(answer, 11, "removed meanwhile"));
  EXPECT_EQ(shell("ip -o link show type veth"), "");
}

/// The daemon is killed at any time of a call, and started again.
class OvsDatabaseCrashTest : public OvsFailureTest {
 protected:
  /// Nobody waits for ovs-vswitchd, which takes its time to connect to the new one.
  static json patient_network() { return network(R"({"link_state_check_retries": 0})"); }

  /// True when the call has noticed; it must then have said so.
  bool crash_during(const std::string& command, std::chrono::microseconds after) {
    RunningPlugin plugin{call(command, patient_network()), patient_network().dump()};
    const timespec pause{0, after.count() * 1000};
    (void)::nanosleep(&pause, nullptr);
    server().kill();
    const Answer answer = plugin.finish();
    EXPECT_TRUE(answer.ok() || answer.code() == 11) << answer.output;
    server().start();
    return !answer.ok();
  }
};

constexpr std::chrono::microseconds kMomentBetweenCrashes{500};
constexpr int kCrashes = 10;

TEST_F(OvsDatabaseCrashTest, DuringAddIsCleanedUpByDel) {
  const auto before = everything();
  int noticed = 0;

  for (int i = 0; i < kCrashes; ++i) {
    noticed += crash_during("ADD", i * kMomentBetweenCrashes) ? 1 : 0;
    detach(patient_network());
    EXPECT_EQ(everything(), before) << i;
  }

  EXPECT_GT(noticed, 0);
}

TEST_F(OvsDatabaseCrashTest, DuringDelFreesTheRestAndIsCompletedByTheNext) {
  const auto before = everything();
  int noticed = 0;

  for (int i = 0; i < kCrashes; ++i) {
    attach(patient_network());
    noticed += crash_during("DEL", i * kMomentBetweenCrashes / 2) ? 1 : 0;
    EXPECT_EQ(count_leases(), 0U);
    EXPECT_EQ(shell("ip -o link show type veth"), "");
    detach(patient_network());
    EXPECT_EQ(everything(), before) << i;
  }

  EXPECT_GT(noticed, 0);
}

class OvsAddFailureTest : public SwitchTest, public testing::WithParamInterface<Failure> {
 protected:
  /// Another network than that of SwitchTest: the one that failures are about.
  static json failing_network() {
    json config = network(R"({"isGateway": true, "ipMasq": true})");
    config["ipam"] = host_local({"10.1.0.0/24"});
    return config;
  }
  static std::string inside() {
    const netns::ScopedNetns container{open_namespace("c1")};
    return dump_network();
  }
};

TEST_P(OvsAddFailureTest, LeavesNothing) {
  json config = failing_network();
  attach(config, {.id = "first"});
  detach(config, {.id = "first"});
  config.merge_patch(json::parse(GetParam().patch));
  shell(GetParam().preparation);
  make_plugin("fake-ipam", fake_ipam_of(GetParam()));
  const auto before = everything();
  const auto before_inside = inside();

  const Answer answer = run("ADD", config);

  EXPECT_TRUE(is_error(answer, GetParam().code, GetParam().part));
  // ovs-vswitchd takes the devices of a bridge that is gone away in its own time.
  await([&] { return everything() == before; });
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(inside(), before_inside);
}

std::vector<Failure> ovs_failures() {
  return {
      {"NoBridge", R"({"bridge":"nowhere"})", "", "", 7, "no Open vSwitch bridge 'nowhere'"},
      {"NoDatabase", R"({"socket_file":"/run/nowhere"})", "", "", 11, "'unix:/run/nowhere'"},
      {"BridgeHasTheNameOfALink",
       R"({"bridge":"lo","ensureBridge":true,"datapathType":"netdev"})",
       "",
       "",
       7,
       "bridge: ensureBridge cannot make 'lo'"},
      {"NewBridgeCannotTakeThePort",
       R"({"bridge":"new1","ensureBridge":true,"datapathType":"netdev","interface_type":"nonsense"})",
       "",
       "",
       5,
       "ovs-vswitchd refuses it"},
      {"NewBridgeWithGatewayInAVlanCannotTakeThePort",
       R"({"bridge":"new1","ensureBridge":true,"datapathType":"netdev","interface_type":"nonsense",
           "vlan":10,"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.2.0.0/24"}]]}})",
       "",
       "",
       5,
       "ovs-vswitchd refuses it"},
      {"NewBridgeHasNoDatapath",
       R"({"bridge":"new1","ensureBridge":true,"link_state_check_interval":40,"isGateway":false})",
       "",
       "",
       11,
       "has not taken it up in 200 ms"},
      {"SwitchRefusesThePort",
       R"({"interface_type":"nonsense"})",
       "",
       "",
       5,
       "ovs-vswitchd refuses it"},
      {"GatewayConflicts",
       R"({"ipam":{"ranges":[[{"subnet":"10.2.0.0/24"}]]}})",
       "",
       "",
       7,
       "'ovs1' already has an IP address different from 10.2.0.1/24: 10.1.0.1/24"},
      {"GatewayVlanLinkIsForeign",
       R"({"vlan":10})",
       "ip link add ovs1.10 type ifb; ip link set ovs1.10 up; ip addr add 10.1.0.77/24 dev ovs1.10",
       "",
       7,
       "'ovs1.10'"},
  };
}

INSTANTIATE_TEST_SUITE_P(
    Common,
    OvsAddFailureTest,
    testing::ValuesIn(common_failures()),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Own, OvsAddFailureTest, testing::ValuesIn(ovs_failures()), testing::PrintToStringParamName());

TEST_F(OvsFailureTest, AddThatIsKilledAtAnyTimeIsCleanedUpByDel) {
  const json config = network(R"({"ipam": null})");
  const auto before = everything();

  for (int microseconds = 0; microseconds < 8000; microseconds += 400) {
    {
      RunningPlugin add{call("ADD", config), config.dump()};
      const timespec pause{0, microseconds * 1000L};
      (void)::nanosleep(&pause, nullptr);
    }  // killed here
    detach(config);
    EXPECT_EQ(everything(), before) << "killed after " << microseconds << " us";
  }
}

/// The executables are static, which TLS has to get along with.
TEST_F(OvsFailureTest, TlsIsUsedAndAnotherAuthorityIsRefused) {
  Certificates files;
  files.make_authority("good");
  files.make_authority("bad");
  files.issue("server", "good");
  files.issue("client", "good");
  shell(
      "ovs-appctl -t /run/openvswitch/db.ctl ovsdb-server/add-remote pssl:6640:127.0.0.1 2>&1;"
      "ovs-vsctl --timeout=9 set-ssl " +
      files.path("server.key") + " " + files.path("server.pem") + " " + files.path("good.pem"));
  json config = network();
  config["socket_file"] = "ssl:127.0.0.1:6640";
  config["privateKey"] = files.path("client.key");
  config["certificate"] = files.path("client.pem");
  config["caCertificate"] = files.path("good.pem");

  check(with_previous(config, attach(config)));
  detach(config);
  config["caCertificate"] = files.path("bad.pem");
  const auto before = everything();
  const Answer answer = run("ADD", config);

  EXPECT_TRUE(is_error(answer, 7, "does not trust"));
  EXPECT_EQ(everything(), before);
}

TEST_F(OvsFailureTest, FiftyAtOnce) {
  std::vector<Container> containers;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i);
    make_namespace(name);
    containers.push_back(container_called(name));
  }
  const auto run_all = [&](const std::string& command) {
    std::vector<RunningPlugin> running;
    running.reserve(containers.size());
    for (const auto& container : containers) {
      running.emplace_back(call(command, network(), container), network().dump());
    }
    for (auto& plugin : running) {
      EXPECT_TRUE(is_success(plugin.finish()));
    }
  };
  const auto before = everything();

  run_all("ADD");
  EXPECT_EQ(count_leases(), 50U);
  EXPECT_TRUE(ping(
      "n0",
      shell_in("n49", "ip -4 -o addr show eth0 | grep -o '10[0-9.]*' | head -1 | tr -d '\\n'")));
  run_all("DEL");

  EXPECT_EQ(everything(), before);
}

}  // namespace
}  // namespace patchbay::test
