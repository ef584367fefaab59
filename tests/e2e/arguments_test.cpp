// CNI_ARGS, args.cni, runtimeConfig, and the spelling of keys.

#include "e2e/network.h"

namespace patchbay::test {
namespace {

constexpr const char* kFromEnvironment = "02:00:00:00:00:0e";
constexpr const char* kFromArgs = "02:00:00:00:00:0a";
constexpr const char* kFromRuntime = "02:00:00:00:00:0c";

class ArgumentsTest : public PluginTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      plug_nic();
    }
  }

  static json network() {
    if (GetParam() == "host-device") {
      return host_device_network();
    }
    return GetParam() == "bridge" ? bridge_network() : ptp_network();
  }
  /// The container's interface, as the kernel has it.
  static std::string mac() {
    return json::parse(shell_in("c1", "ip -j link show eth0")).at(0).at("address");
  }
};

TEST_P(ArgumentsTest, MacComesFromTheEnvironment) {
  const json result = attach(network(), {.args = std::string{"MAC="} + kFromEnvironment});

  EXPECT_EQ(mac(), kFromEnvironment);
  EXPECT_EQ(result.at("interfaces").back().at("mac"), kFromEnvironment);
}

TEST_P(ArgumentsTest, MacOfArgsWinsOverTheEnvironment) {
  json both = network();
  both["args"]["cni"]["mac"] = kFromArgs;

  attach(both, {.args = std::string{"IgnoreUnknown=1;MAC="} + kFromEnvironment});

  EXPECT_EQ(mac(), kFromArgs);
}

TEST_P(ArgumentsTest, MacOfTheRuntimeWinsOverAll) {
  json all = network();
  all["args"]["cni"]["mac"] = kFromArgs;
  all["runtimeConfig"]["mac"] = kFromRuntime;

  attach(all, {.args = std::string{"MAC="} + kFromEnvironment});

  EXPECT_EQ(mac(), kFromRuntime);
}

TEST_P(ArgumentsTest, UnknownArgsOfKubernetesAreIgnored) {
  const std::string args =
      "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod;K8S_POD_UID=1-2";

  EXPECT_NO_THROW(attach(network(), {.args = args}));
}

TEST_P(ArgumentsTest, KeysAreMatchedIgnoringCase) {
  json odd = network();
  odd.erase("isGateway");
  odd["ISGATEWAY"] = true;
  odd["IpMasq"] = true;
  odd["MTU"] = 1400;
  odd["RuntimeConfig"]["MAC"] = kFromRuntime;

  const json result = attach(odd);

  EXPECT_EQ(mac(), kFromRuntime);
  EXPECT_EQ(result.at("interfaces").back().at("mtu"), 1400);
  const bool masquerades = shell("nft list ruleset").find("net1:c1:eth0") != std::string::npos;
  EXPECT_EQ(masquerades, GetParam() != "host-device");
}

TEST_P(ArgumentsTest, NullLeavesTheDefault) {
  json odd = network();
  odd["mtu"] = nullptr;
  odd["ipMasq"] = nullptr;
  odd["dns"] = nullptr;
  odd["runtimeConfig"] = nullptr;

  EXPECT_NO_THROW(attach(odd));
}

TEST_P(ArgumentsTest, RequestedAddressIsGiven) {
  json wish = network();
  wish["runtimeConfig"]["ips"] = {"10.1.0.77/24"};

  const json result = attach(wish);

  EXPECT_EQ(result.at("ips").at(0).at("address"), "10.1.0.77/24");
}

TEST_P(ArgumentsTest, DnsOfTheConfigurationIsReported) {
  json named = network();
  named["dns"] = {{"nameservers", {"10.1.0.53"}}, {"domain", "example.org"}};

  EXPECT_EQ(attach(named).at("dns"), named["dns"]);
}

INSTANTIATE_TEST_SUITE_P(
    Plugins, ArgumentsTest, testing::Values("bridge", "host-device", "ptp"), name_of_text);

}  // namespace
}  // namespace patchbay::test
