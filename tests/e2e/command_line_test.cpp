// What a person sees who types a plugin's name.

#include "e2e/network.h"

namespace patchbay::test {
namespace {

class CommandLineTest : public testing::TestWithParam<std::string> {
 protected:
  static Outcome typed(const std::string& options, const std::string& redirection = "") {
    return try_shell(
        "unset CNI_COMMAND; " + plugin_directory() + "/" + GetParam() + " " + options +
        " < /dev/null " + redirection);
  }
};

TEST_P(CommandLineTest, NoCommandPrintsWhatThePluginIs) {
  const Outcome outcome = typed("");

  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.output.find("CNI plugin"), std::string::npos);
  EXPECT_NE(
      outcome.output.find(
          "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"),
      std::string::npos);
}

TEST_P(CommandLineTest, NoCommandLeavesStdoutEmpty) {
  EXPECT_EQ(typed("", "2> /dev/null").output, "");
}

TEST_P(CommandLineTest, HelpNamesTheOptions) {
  const Outcome outcome = typed("--help");

  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.output.find("--schema"), std::string::npos);
}

TEST_P(CommandLineTest, VersionIsOneLine) {
  const Outcome outcome = typed("--version");

  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output.find('\n'), outcome.output.size() - 1);
  EXPECT_NE(outcome.output.find("Patchbay"), std::string::npos);
}

TEST_P(CommandLineTest, SchemaIsAJsonSchema) {
  const json schema = json::parse(typed("--schema", "2> /dev/null").output);

  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema.at("properties").at("cniVersion").at("enum"), json(cni_versions()));
}

TEST_P(CommandLineTest, VersionVerbListsTheVersions) {
  const Answer answer = run_plugin(
      {.plugin = GetParam(), .command = "VERSION", .container_id = "", .ifname = "", .path = ""},
      "");

  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.json().at("cniVersion"), "1.1.0");
  EXPECT_EQ(answer.json().at("supportedVersions"), json(cni_versions()));
  EXPECT_EQ(answer.errors, "");
}

INSTANTIATE_TEST_SUITE_P(
    Plugins,
    CommandLineTest,
    testing::Values("bridge", "veth", "ptp", "loopback", "host-device"),
    name_of_text);

}  // namespace
}  // namespace patchbay::test
