// host-local and the reference plugin taking turns in one directory.

#include <unistd.h>

#include "e2e/host_local.h"
#include "support/require_kernel.h"

namespace patchbay::test {
namespace {

/// Taking turns with the reference plugin in one directory.
class HostLocalSwapTest : public HostLocalTest {
 protected:
  void SetUp() override {
    if (::access(kReference, X_OK) != 0) {
      PATCHBAY_SKIP(std::string{kReference} + " is not installed");
    }
  }
  [[nodiscard]] json config() const { return network({{"subnet", "10.1.0.0/24"}}, "1.0.0"); }
};

TEST_F(HostLocalSwapTest, WeFreeWhatItAllocated) {
  ASSERT_TRUE(reference("ADD", "c1", config()).ok());
  ASSERT_EQ(leases(), Names{"10.1.0.2"});

  EXPECT_TRUE(run("DEL", "c1", config()).ok());

  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalSwapTest, ItFreesWhatWeAllocated) {
  ASSERT_TRUE(run("ADD", "c1", config()).ok());

  EXPECT_TRUE(reference("DEL", "c1", config()).ok());

  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalSwapTest, TheFilesAreTheSame) {
  ASSERT_TRUE(reference("ADD", "c1", config()).ok());
  const auto lease = contents_of(path("10.1.0.2"));
  const auto last = contents_of(path("last_reserved_ip.0"));
  std::filesystem::remove_all(path());

  ASSERT_TRUE(run("ADD", "c1", config()).ok());

  EXPECT_EQ(contents_of(path("10.1.0.2")), lease);
  EXPECT_EQ(contents_of(path("last_reserved_ip.0")), last);
}

TEST_F(HostLocalSwapTest, TheResultsAreTheSame) {
  auto network_config = config();
  network_config["ipam"]["routes"] = {
      {{"dst", "0.0.0.0/0"}}, {{"dst", "10.9.0.0/16"}, {"gw", "10.1.0.7"}}};
  for (const auto* version : {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"}) {
    network_config["cniVersion"] = version;
    auto theirs = reference("ADD", "c1", network_config).json();
    if (std::string{version} == "1.0.0" && theirs.at("dns").empty()) {
      theirs.erase("dns");  // release 1.1.1 still prints it
    }
    std::filesystem::remove_all(path());

    EXPECT_EQ(run("ADD", "c1", network_config).json(), theirs) << version;

    std::filesystem::remove_all(path());
  }
}

TEST_F(HostLocalSwapTest, InTurnsNoAddressIsGivenTwice) {
  std::vector<std::string> addresses;
  for (int i = 0; i < 30; ++i) {
    const std::string id = "c" + std::to_string(i);
    const auto answer = i % 2 == 0 ? run("ADD", id, config()) : reference("ADD", id, config());
    ASSERT_TRUE(answer.ok()) << answer.output;
    addresses.push_back(address_in(answer));
    if (i % 5 == 4) {
      const std::string earlier = "c" + std::to_string(i - 3);
      ASSERT_TRUE(
          (i % 2 == 0 ? reference("DEL", earlier, config()) : run("DEL", earlier, config())).ok());
    }
  }

  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(addresses[static_cast<std::size_t>(i)], "10.1.0." + std::to_string(i + 2) + "/24");
  }
  EXPECT_EQ(leases().size(), 24U);
}

TEST_F(HostLocalSwapTest, AtOnceNoAddressIsGivenTwice) {
  std::vector<RunningPlugin> running;
  for (int i = 0; i < 40; ++i) {
    Call add = call("ADD", "c" + std::to_string(i));
    add.plugin = i % 2 == 0 ? "host-local" : kReference;
    running.emplace_back(add, config().dump());
  }
  Names addresses;
  for (auto& one : running) {
    addresses.insert(address_in(one.finish()));
  }

  EXPECT_EQ(addresses.size(), 40U);
  EXPECT_EQ(leases().size(), 40U);
}

TEST_F(HostLocalSwapTest, BothKnowWhatTheOtherHolds) {
  ASSERT_TRUE(reference("ADD", "theirs", config()).ok());
  ASSERT_TRUE(run("ADD", "ours", config()).ok());

  EXPECT_EQ(run("ADD", "theirs", config()).code(), 102U);
  const auto duplicate = reference("ADD", "ours", config());
  EXPECT_NE(duplicate.message().find("duplicate allocation"), std::string::npos);

  EXPECT_EQ(leases().size(), 2U);
}

}  // namespace
}  // namespace patchbay::test
