#include "patchbay/attachment.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay::runner {
namespace {

using test::thrown_by;

TEST(NetnsPathTest, NameIsBelowRunNetns) {
  EXPECT_EQ(netns_path("red"), "/run/netns/red");
}

TEST(NetnsPathTest, PidIsTheProcessesNamespace) {
  EXPECT_EQ(netns_path("pid:42"), "/proc/42/ns/net");
  EXPECT_EQ(thrown_by([] { netns_path("pid:"); }).code(), ErrorCode::invalid_environment);
  EXPECT_EQ(thrown_by([] { netns_path("pid:1x"); }).code(), ErrorCode::invalid_environment);
}

TEST(NetnsPathTest, PathIsMadeAbsoluteAndClean) {
  const std::string here = std::filesystem::current_path();

  EXPECT_EQ(netns_path("/run//netns/./x/../red/"), "/run/netns/red");
  EXPECT_EQ(netns_path("./red"), here + "/red");
}

TEST(NetnsPathTest, EmptyTextIsRefused) {
  EXPECT_EQ(thrown_by([] { netns_path(""); }).code(), ErrorCode::invalid_environment);
}

// sha512sum says so too.
TEST(ContainerIdTest, IsThatOfCnitool) {
  EXPECT_EQ(derived_container_id("/run/netns/red"), "cnitool-5a8afba643291be94fa1");
  EXPECT_EQ(derived_container_id("/var/run/netns/x"), "cnitool-4acf487154af9777be71");
}

TEST(ParseArgsTest, ReadsPairs) {
  const std::vector<std::pair<std::string, std::string>> expected{{"A", "1"}, {"B", "2"}};

  EXPECT_EQ(parse_args("A=1;B=2", "CNI_ARGS"), expected);
  EXPECT_TRUE(parse_args("", "CNI_ARGS").empty());
}

TEST(ParseArgsTest, RefusesWhatIsNoPair) {
  for (const char* text : {"A", "A=", "=1", "A=1=2", "A=1;;B=2"}) {
    const Error e = thrown_by([&] { parse_args(text, "CNI_ARGS"); });
    EXPECT_EQ(e.code(), ErrorCode::invalid_environment) << text;
    EXPECT_EQ(std::string{e.what()}.rfind("CNI_ARGS: ", 0), 0U) << e.what();
  }
}

TEST(ParseCapabilitiesTest, RefusesWhatIsNoObject) {
  EXPECT_EQ(
      thrown_by([] { parse_capabilities("[1]", "CAP_ARGS"); }).code(), ErrorCode::decoding_failure);
  EXPECT_EQ(parse_capabilities(R"({"mac":"x"})", "CAP_ARGS"), R"({"mac":"x"})");
}

TEST(RequireValidTest, NothingLeavesItsDirectory) {
  EXPECT_NO_THROW(require_valid({"net", "c1", "eth0"}));
  EXPECT_THROW(require_valid({"../net", "c1", "eth0"}), Error);
  EXPECT_THROW(require_valid({"net", "../c1", "eth0"}), Error);
  EXPECT_THROW(require_valid({"net", "c1", "../eth0"}), Error);
  EXPECT_THROW(require_valid({"net", "", "eth0"}), Error);
}

}  // namespace
}  // namespace patchbay::runner
