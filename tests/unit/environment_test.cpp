#include "cni/environment.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay::cni {
namespace {

using test::thrown_by;
using Variables = std::map<std::string, std::string>;

Variables complete(const std::string& command) {
  return {
      {"CNI_COMMAND", command},
      {"CNI_CONTAINERID", "c1"},
      {"CNI_NETNS", "/run/netns/c1"},
      {"CNI_IFNAME", "eth0"},
      {"CNI_ARGS", "K=V"},
      {"CNI_PATH", "/opt/cni/bin"}};
}

std::optional<Environment> parse(const Variables& variables) {
  return parse_environment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

Error refusal_of(const Variables& variables) {
  return thrown_by([&] { parse(variables); });
}

TEST(EnvironmentTest, ReadsEveryVariable) {
  const auto environment = parse(complete("ADD"));

  ASSERT_TRUE(environment);
  EXPECT_EQ(environment->command, Command::add);
  EXPECT_EQ(environment->container_id, "c1");
  EXPECT_EQ(environment->netns, "/run/netns/c1");
  EXPECT_EQ(environment->ifname, "eth0");
  EXPECT_EQ(environment->args, "K=V");
  EXPECT_EQ(environment->path, "/opt/cni/bin");
  EXPECT_FALSE(environment->netns_override);
}

TEST(EnvironmentTest, NoCommandMeansThatAPersonIsAsking) {
  EXPECT_FALSE(parse({}));
  EXPECT_FALSE(parse({{"CNI_COMMAND", ""}, {"CNI_IFNAME", "bad/name"}}));
}

TEST(EnvironmentTest, UnknownCommandIsRefusedBeforeAnythingElse) {
  for (const char* command : {"add", "Add", "UPDATE", " ADD", "ADD "}) {
    const Error error = refusal_of({{"CNI_COMMAND", command}, {"CNI_IFNAME", "bad/name"}});
    EXPECT_EQ(error.code(), ErrorCode::invalid_environment);
    EXPECT_EQ(error.what(), "unknown CNI_COMMAND: " + quote(command));
  }
}

TEST(EnvironmentTest, EachCommandNamesAllThatItMisses) {
  struct Case {
    const char* command;
    const char* missing;
  };
  const std::vector<Case> cases{
      {"ADD", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH"},
      {"CHECK", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH"},
      {"DEL", "CNI_CONTAINERID,CNI_IFNAME,CNI_PATH"},
      {"GC", "CNI_PATH"},
      {"STATUS", "CNI_PATH"}};
  for (const auto& [command, missing] : cases) {
    const Error error = refusal_of({{"CNI_COMMAND", command}});
    EXPECT_EQ(error.code(), ErrorCode::invalid_environment);
    EXPECT_EQ(error.what(), "required env variables [" + std::string{missing} + "] missing");
  }
}

TEST(EnvironmentTest, EmptyIsMissing) {
  Variables variables = complete("ADD");
  variables["CNI_NETNS"] = "";

  EXPECT_STREQ(refusal_of(variables).what(), "required env variables [CNI_NETNS] missing");
}

TEST(EnvironmentTest, VersionNeedsNothing) {
  EXPECT_EQ(parse({{"CNI_COMMAND", "VERSION"}})->command, Command::version);
}

TEST(EnvironmentTest, DelDoesWithoutNamespace) {
  Variables variables = complete("DEL");
  variables.erase("CNI_NETNS");

  EXPECT_EQ(parse(variables)->netns, "");
}

TEST(EnvironmentTest, MalformedValueIsReportedBeforeWhatIsMissing) {
  const Error id = refusal_of({{"CNI_COMMAND", "ADD"}, {"CNI_CONTAINERID", "a/b"}});
  const Error ifname = refusal_of({{"CNI_COMMAND", "DEL"}, {"CNI_IFNAME", "abcdefghijklmnop"}});

  EXPECT_EQ(id.code(), ErrorCode::invalid_environment);
  EXPECT_STREQ(id.what(), "CNI_CONTAINERID: invalid characters in 'a/b'");
  EXPECT_EQ(id.details(), "a/b");
  EXPECT_EQ(ifname.code(), ErrorCode::invalid_environment);
  EXPECT_STREQ(
      ifname.what(), "CNI_IFNAME: interface name 'abcdefghijklmnop' must be at most 15 bytes long");
}

TEST(EnvironmentTest, ContainerIdIsReportedBeforeInterfaceName) {
  const Error error =
      refusal_of({{"CNI_COMMAND", "ADD"}, {"CNI_CONTAINERID", "-x"}, {"CNI_IFNAME", "bad/name"}});

  EXPECT_TRUE(std::string_view{error.what()}.starts_with("CNI_CONTAINERID: "));
}

TEST(EnvironmentTest, CommandsWithoutContainerDoNotJudgeItsVariables) {
  for (const char* command : {"GC", "STATUS", "VERSION"}) {
    Variables variables = complete(command);
    variables["CNI_CONTAINERID"] = "../..";
    variables["CNI_IFNAME"] = "bad/name";
    EXPECT_TRUE(parse(variables)) << command;
  }
}

TEST(EnvironmentTest, OverrideIsTrueInAnyLetterCaseOrOne) {
  for (const char* value : {"TRUE", "true", "True", "1"}) {
    Variables variables = complete("ADD");
    variables["CNI_NETNS_OVERRIDE"] = value;
    EXPECT_TRUE(parse(variables)->netns_override) << value;
  }
  for (const char* value : {"", "0", "yes", "false", "2"}) {
    Variables variables = complete("ADD");
    variables["CNI_NETNS_OVERRIDE"] = value;
    EXPECT_FALSE(parse(variables)->netns_override) << value;
  }
}

TEST(IdentifierTest, IsLettersDigitsAndThreeSigns) {
  for (const char* text : {"a", "A1", "0", "net_1.2-3", "a..b"}) {
    EXPECT_TRUE(is_identifier(text)) << text;
  }
  for (const char* text :
       {"", ".", "..", "-a", "_a", ".a", "a/b", "a b", "a:b", "a\n", "\xc3\xa4"}) {
    EXPECT_FALSE(is_identifier(text)) << text;
  }
}

}  // namespace
}  // namespace patchbay::cni
