// The host-local executable: what a runtime sees of it.

#include "e2e/host_local.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <random>
#include <thread>

#include <sys/file.h>

#include "e2e/golden.h"

namespace patchbay::test {
namespace {

class HostLocalVersions : public HostLocalTest, public testing::WithParamInterface<std::string> {
 protected:
  [[nodiscard]] json dual() const {
    return network(
        {{"ranges",
          {{{{"subnet", "10.1.0.0/24"}, {"rangeStart", "10.1.0.10"}}},
           {{{"subnet", "fd00::/64"}}}}},
         {"routes",
          {{{"dst", "0.0.0.0/0"}}, {{"dst", "fd01::/16"}, {"gw", "fd00::9"}, {"mtu", 1400}}}}},
        GetParam());
  }
  [[nodiscard]] static bool has_check() { return GetParam() >= "0.4.0"; }
};

TEST_P(HostLocalVersions, AddPrintsTheResultOfThatVersion) {
  const auto answer = run("ADD", "c1", dual());

  EXPECT_EQ(difference_to_golden("host-local-" + GetParam(), answer.json()), "");
  EXPECT_EQ(leases(), (Names{"10.1.0.10", "fd00::2"}));
}

TEST_P(HostLocalVersions, SecondAddIsRefusedAndTakesNothing) {
  run("ADD", "c1", dual());

  const auto answer = run("ADD", "c1", dual());

  EXPECT_EQ(answer.code(), 102U) << answer.output;
  EXPECT_NE(answer.message().find("duplicate allocation is not allowed"), std::string::npos);
  EXPECT_NE(answer.message().find("10.1.0.10"), std::string::npos);
  EXPECT_EQ(leases(), (Names{"10.1.0.10", "fd00::2"}));
}

TEST_P(HostLocalVersions, CheckBelievesWhatIsLeased) {
  json config = dual();
  config["prevResult"] = run("ADD", "c1", config).json();

  const auto answer = run("CHECK", "c1", config);

  EXPECT_EQ(answer.code(), has_check() ? 0U : 1U) << answer.output;
  EXPECT_EQ(answer.ok(), has_check());
}

TEST_P(HostLocalVersions, DelFreesAndCanBeRepeated) {
  run("ADD", "c1", dual());

  EXPECT_TRUE(run("DEL", "c1", dual()).ok());
  EXPECT_TRUE(leases().empty());
  EXPECT_TRUE(run("DEL", "c1", dual()).ok());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    HostLocalVersions,
    testing::Values("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"));

TEST_F(HostLocalTest, AllocatesInTurnAndComesRound) {
  const auto config = network({{"subnet", "10.1.0.0/29"}, {"exclude", {"10.1.0.4"}}});

  EXPECT_EQ(address_in(run("ADD", "c1", config)), "10.1.0.2/29");
  EXPECT_EQ(address_in(run("ADD", "c2", config)), "10.1.0.3/29");
  EXPECT_TRUE(run("DEL", "c1", config).ok());
  EXPECT_EQ(address_in(run("ADD", "c3", config)), "10.1.0.5/29");
  EXPECT_EQ(address_in(run("ADD", "c4", config)), "10.1.0.6/29");
  EXPECT_EQ(address_in(run("ADD", "c5", config)), "10.1.0.2/29");
  const auto full = run("ADD", "c6", config);
  EXPECT_EQ(full.code(), 101U);
  EXPECT_NE(
      full.message().find("no IP addresses available in range set: 10.1.0.1-10.1.0.6"),
      std::string::npos);
}

TEST_F(HostLocalTest, FailedAddReleasesWhatItTookAndNothingElse) {
  const auto config =
      network({{"ranges", {{{{"subnet", "10.1.0.0/24"}}}, {{{"subnet", "10.2.0.0/30"}}}}}});
  run("ADD", "c1", config);

  EXPECT_EQ(run("ADD", "c2", config).code(), 101U);

  EXPECT_EQ(leases(), (Names{"10.1.0.2", "10.2.0.2"}));
}

TEST_F(HostLocalTest, TheSameContainerMayJoinTwice) {
  run("ADD", "c1", network());
  Call second = call("ADD", "c1");
  second.ifname = "eth1";
  EXPECT_EQ(address_in(run_plugin(second, network().dump())), "10.1.0.3/24");

  EXPECT_TRUE(run("DEL", "c1", network()).ok());

  EXPECT_EQ(leases(), Names{"10.1.0.3"});
}

TEST_F(HostLocalTest, ServesRequestedAddresses) {
  auto config = network({{"subnet", "10.1.0.0/24"}, {"exclude", {"10.1.0.64/28"}}});
  Call by_args = call("ADD", "c1");
  by_args.args = "IgnoreUnknown=1;K8S_POD_NAME=pod;IP=10.1.0.70";
  EXPECT_EQ(address_in(run_plugin(by_args, config.dump())), "10.1.0.70/24");

  config["runtimeConfig"]["ips"] = {"10.1.0.70/16"};
  const auto taken = run("ADD", "c2", config);
  EXPECT_EQ(taken.code(), 101U);
  EXPECT_NE(taken.message().find("'c1' (eth0)"), std::string::npos) << taken.message();

  config["runtimeConfig"]["ips"] = {"10.1.0.1"};
  EXPECT_EQ(run("ADD", "c2", config).code(), 7U);
  config["runtimeConfig"]["ips"] = {"10.1.0.8", "10.9.0.8"};
  EXPECT_EQ(run("ADD", "c2", config).message(), "failed to allocate all requested IPs: 10.9.0.8");
  EXPECT_EQ(leases(), Names{"10.1.0.70"});
}

TEST_F(HostLocalTest, RefusesUnknownArguments) {
  Call add = call("ADD", "c1");
  add.args = "K8S_POD_NAME=pod";

  EXPECT_EQ(run_plugin(add, network().dump()).code(), 4U);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(HostLocalTest, TakesDnsFromResolvConf) {
  write_file(directory.path("resolv.conf"), "nameserver 10.1.0.1\nsearch example.org\n");
  auto config = network();
  config["ipam"]["resolvConf"] = directory.path("resolv.conf");

  const auto dns = run("ADD", "c1", config).json().at("dns");

  EXPECT_EQ(dns, (json{{"nameservers", {"10.1.0.1"}}, {"search", {"example.org"}}}));
}

TEST_F(HostLocalTest, NamesNeverLeadOutOfTheDirectory) {
  for (const auto* name : {"../net", "a/b", "..", ".", ".hidden", ""}) {
    auto config = network();
    config["name"] = name;

    EXPECT_EQ(run("ADD", "c1", config).code(), 7U) << name;
    EXPECT_EQ(run("DEL", "c1", config).code(), 7U) << name;
  }
  EXPECT_EQ(run("ADD", "../c1", network()).code(), 4U);
  EXPECT_TRUE(names_in(directory.path()).empty());
}

TEST_F(HostLocalTest, DelOfANetworkThatNeverWasMakesNothing) {
  EXPECT_TRUE(run("DEL", "c1", network()).ok());
  EXPECT_TRUE(names_in(directory.path()).empty());
}

TEST_F(HostLocalTest, DelFreesWhateverHasBecomeOfTheRanges) {
  run("ADD", "c1", network());

  EXPECT_TRUE(run("DEL", "c1", network({{"subnet", "nonsense"}, {"ranges", 7}})).ok());

  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalTest, DelFreesLeasesOfOldOnlyWithoutAnyOfItsOwn) {
  run("ADD", "c1", network());
  write_file(path("10.1.0.9"), "c1");

  EXPECT_TRUE(run("DEL", "c1", network()).ok());
  EXPECT_EQ(leases(), Names{"10.1.0.9"});
  EXPECT_TRUE(run("DEL", "c1", network()).ok());
  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalTest, CheckNamesAnAddressThatIsGoneOrAnothers) {
  auto config = network();
  config["prevResult"] = run("ADD", "c1", config).json();
  EXPECT_TRUE(run("CHECK", "c1", config).ok());

  write_file(path("10.1.0.2"), "c2\r\neth0");
  const auto stolen = run("CHECK", "c1", config);
  EXPECT_EQ(stolen.code(), 103U);
  EXPECT_NE(stolen.message().find("10.1.0.2"), std::string::npos);
  EXPECT_NE(stolen.message().find("'c2' (eth0)"), std::string::npos);

  std::filesystem::remove(path("10.1.0.2"));
  EXPECT_EQ(run("CHECK", "c1", config).code(), 103U);
  std::filesystem::remove_all(path());
  EXPECT_EQ(run("CHECK", "c1", config).code(), 103U);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(HostLocalTest, CheckIgnoresAddressesOfOthers) {
  auto config = network();
  config["prevResult"] = run("ADD", "c1", config).json();
  config["prevResult"]["ips"].push_back({{"address", "192.168.7.7/24"}});

  EXPECT_TRUE(run("CHECK", "c1", config).ok());
}

TEST_F(HostLocalTest, StatusTellsWhetherAnAddressIsLeft) {
  const auto config = network({{"subnet", "10.1.0.0/30"}});
  EXPECT_TRUE(run("STATUS", "", config).ok());
  EXPECT_TRUE(names_in(directory.path()).empty());

  run("ADD", "c1", config);
  const auto full = run("STATUS", "", config);
  EXPECT_EQ(full.code(), 50U);
  EXPECT_NE(full.message().find("10.1.0.1-10.1.0.2"), std::string::npos);

  run("DEL", "c1", config);
  EXPECT_TRUE(run("STATUS", "", config).ok());
}

TEST_F(HostLocalTest, StatusTellsThatTheDirectoryCannotBe) {
  write_file(directory.path("file"), "");
  auto config = network();
  config["ipam"]["dataDir"] = directory.path("file/leases");

  EXPECT_EQ(run("STATUS", "", config).code(), 50U);
  EXPECT_EQ(run("STATUS", "", network({{"subnet", "10.1.0.0/33"}})).code(), 7U);
}

TEST_F(HostLocalTest, GcFreesWhatIsNotAttached) {
  for (const auto* id : {"c1", "c2", "c3"}) {
    run("ADD", id, network());
  }
  write_file(path("10.1.0.9"), "c2");
  write_file(path("10.1.0.10"), "c9");
  auto config = network();
  config["cni.dev/valid-attachments"] = {{{"containerID", "c2"}, {"ifname", "eth0"}}};

  EXPECT_TRUE(run("GC", "", config).ok());

  EXPECT_EQ(leases(), (Names{"10.1.0.3", "10.1.0.9"}));
}

TEST_F(HostLocalTest, GcOfAnEmptyListFreesEverythingAndWithoutAListNothing) {
  run("ADD", "c1", network());
  auto config = network();

  EXPECT_TRUE(run("GC", "", config).ok());
  EXPECT_EQ(leases(), Names{"10.1.0.2"});
  config["cni.dev/valid-attachments"] = json::array();
  EXPECT_TRUE(run("GC", "", config).ok());
  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalTest, AHundredAtOnceGetAHundredAddresses) {
  constexpr int kCount = 100;
  const auto at_once = [&](const std::string& command) {
    std::vector<RunningPlugin> running;
    std::vector<Answer> answers;
    running.reserve(kCount);
    answers.reserve(kCount);
    for (int i = 0; i < kCount; ++i) {
      running.emplace_back(call(command, "c" + std::to_string(i)), network().dump());
    }
    for (auto& one : running) {
      answers.push_back(one.finish());
    }
    return answers;
  };

  Names addresses;
  for (const auto& answer : at_once("ADD")) {
    ASSERT_TRUE(answer.ok()) << answer.output;
    addresses.insert(address_in(answer));
  }
  EXPECT_EQ(addresses.size(), kCount);
  EXPECT_EQ(leases().size(), kCount);

  for (const auto& answer : at_once("DEL")) {
    EXPECT_TRUE(answer.ok()) << answer.output;
  }
  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalTest, KilledAnywhereItLeavesAWholeLeaseOrNone) {
  std::mt19937 random{11};
  for (int i = 0; i < 150; ++i) {
    RunningPlugin running{
        call(i % 3 == 2 ? "DEL" : "ADD", "c" + std::to_string(i / 3)), network().dump()};
    std::this_thread::sleep_for(std::chrono::microseconds{200 + random() % 900});
    ::kill(running.pid(), SIGKILL);
    running.finish();
    for (const auto& name : leases()) {
      if (name != ".patchbay-draft") {
        ASSERT_NE(contents_of(path(name)).find("\r\neth0"), std::string::npos) << name;
      }
    }
  }

  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(run("DEL", "c" + std::to_string(i), network()).ok());
  }
  auto config = network();
  EXPECT_TRUE(run("ADD", "last", config).ok());
  EXPECT_EQ(leases().size(), 1U);
}

TEST_F(HostLocalTest, GivesUpWhenTheLockIsNotFree) {
  run("ADD", "c1", network());
  const UniqueFd lock{::open(path("lock").c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  auto config = network();
  config["ipam"]["lockTimeout"] = 1;
  const auto begin = std::chrono::steady_clock::now();

  for (const auto* command : {"ADD", "DEL"}) {
    const auto answer = run(command, "c2", config);

    EXPECT_EQ(answer.code(), 11U) << answer.output;
    EXPECT_NE(answer.message().find(path("lock")), std::string::npos);
  }
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited, std::chrono::milliseconds{1900});
  EXPECT_LE(waited, std::chrono::seconds{10});
}

TEST_F(HostLocalTest, WaitsNoLongerThanTheLockIsHeld) {
  run("ADD", "c1", network());
  UniqueFd lock{::open(path("lock").c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  auto config = network();
  config["ipam"]["lockTimeout"] = 60;

  RunningPlugin waiting{call("ADD", "c2"), config.dump()};
  lock.reset();

  EXPECT_TRUE(waiting.finish().ok());
}

TEST_F(HostLocalTest, DescribesEveryKey) {
  const auto answer =
      run_plugin({.plugin = "host-local", .command = "", .arguments = {"--schema"}}, "");

  const auto keys = answer.json().at("properties");
  const auto ipam = keys.at("ipam").at("properties");
  for (const auto* key :
       {"subnet",
        "rangeStart",
        "rangeEnd",
        "gateway",
        "exclude",
        "ranges",
        "routes",
        "resolvConf",
        "dataDir",
        "lockTimeout"}) {
    EXPECT_TRUE(ipam.contains(key)) << key;
  }
  EXPECT_EQ(ipam.at("lockTimeout").at("maximum"), 3600);
  EXPECT_TRUE(ipam.at("ranges").at("items").at("items").at("properties").contains("exclude"));
  EXPECT_TRUE(keys.at("runtimeConfig").at("properties").contains("ipRanges"));
}

}  // namespace
}  // namespace patchbay::test
