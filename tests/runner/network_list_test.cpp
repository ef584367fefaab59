#include "patchbay/network_list.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/temp_directory.h"
#include "support/thrown.h"

namespace patchbay::runner {
namespace {

using nlohmann::json;
using test::thrown_by;
using test::write_file;

class NetworkListTest : public testing::Test {
 protected:
  [[nodiscard]] NetworkList parse(const std::string& text) const {
    return parse_conflist(text, "a.conflist", directory.path());
  }
  [[nodiscard]] Error fault_of(const std::string& text) const {
    return thrown_by([&] { (void)parse(text); });
  }
  /// The version of a list with these members.
  [[nodiscard]] std::string version_of(const std::string& members) const {
    return std::string{
        parse(R"({"name":"n","plugins":[{"type":"p"}],)" + members + "}").version.str()};
  }

  test::TempDirectory directory;
};

TEST_F(NetworkListTest, ReadsPluginsInTheirOrder) {
  const auto list = parse(R"({"name":"n","cniVersion":"1.0.0","disableCheck":true,
                              "plugins":[{"type":"a","x":1},{"type":"b"}]})");

  EXPECT_EQ(list.name, "n");
  EXPECT_EQ(list.version.str(), "1.0.0");
  EXPECT_TRUE(list.check_disabled);
  EXPECT_FALSE(list.gc_disabled);
  ASSERT_EQ(list.plugins.size(), 2U);
  EXPECT_EQ(list.type(0), "a");
  EXPECT_EQ(list.type(1), "b");
}

TEST_F(NetworkListTest, NewestVersionThatWeKnowIsTaken) {
  EXPECT_EQ(version_of(R"("cniVersion":"0.4.0")"), "0.4.0");
  EXPECT_EQ(version_of(R"("cniVersions":["0.4.0","1.1.0","1.0.0"])"), "1.1.0");
  EXPECT_EQ(version_of(R"("cniVersion":"1.0.0","cniVersions":["0.4.0"])"), "1.0.0");
  EXPECT_EQ(version_of(R"("cniVersion":"0.4.0","cniVersions":["1.0.0","9.0.0"])"), "1.0.0");
  EXPECT_EQ(version_of(R"("disableGC":false)"), "0.1.0");
}

TEST_F(NetworkListTest, FlagsMayBeWords) {
  EXPECT_TRUE(parse(R"({"name":"n","disableGC":"TRUE","plugins":[{"type":"p"}]})").gc_disabled);
  EXPECT_FALSE(parse(R"({"name":"n","disableGC":"false","plugins":[{"type":"p"}]})").gc_disabled);
}

TEST_F(NetworkListTest, FaultsNameFileLineAndColumn) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{\n \"name\": }", "a.conflist:2:10: network configuration: not JSON"},
      {"[]", "a.conflist: network configuration: [] must be an object"},
      {"{}", "a.conflist: name: missing, but required"},
      {"{\n\"name\": \"a b\"}", "a.conflist:2:1: name: 'a b' must be"},
      {"{\n\"name\": 3}", "a.conflist:2:1: name: 3 must be a string"},
      {R"({"name":"n"})", "a.conflist: plugins: none"},
      {R"({"name":"n","plugins":[]})", "a.conflist:1:13: plugins: [] must be"},
      {R"({"name":"n","plugins":{}})", "a.conflist:1:13: plugins: {} must be"},
      {R"({"name":"n","plugins":[1]})", "a.conflist:1:24: plugins[0]: 1 must be an object"},
      {R"({"name":"n","plugins":[{}]})", "a.conflist:1:24: plugins[0].type: missing"},
      {R"({"name":"n","plugins":[{"type":""}]})", "a.conflist:1:25: plugins[0].type: must not"},
      {R"({"name":"n","cniVersion":"1.0.0-rc","plugins":[{"type":"p"}]})",
       "a.conflist:1:13: cniVersion: '1.0.0-rc' must be a version"},
      {R"({"name":"n","cniVersion":"2.0.0","plugins":[{"type":"p"}]})",
       "a.conflist:1:13: cniVersion: incompatible CNI versions"},
      {R"({"name":"n","cniVersions":["2.0.0"],"plugins":[{"type":"p"}]})",
       "a.conflist: cniVersion: cniVersions: none is"},
      {R"({"name":"n","disableCheck":"maybe","plugins":[{"type":"p"}]})",
       "a.conflist:1:13: disableCheck: 'maybe' must be true or false"},
      {R"({"name":"n","loadOnlyInlinedPlugins":true})",
       "a.conflist:1:13: loadOnlyInlinedPlugins: true"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(std::string{fault_of(text).what()}.substr(0, expected.size()), expected);
  }
}

TEST_F(NetworkListTest, PluginsInFilesAreAppendedAndGetIntoTheCachedText) {
  std::filesystem::create_directory(directory.path("n"));
  write_file(directory.path("n/20.conf"), R"({"type":"second"})");
  write_file(directory.path("n/10.conf"), R"({"type":"first"})");
  write_file(directory.path("n/10.txt"), "?");

  const auto list = parse(R"({"name":"n","plugins":[{"type":"inline"}]})");

  ASSERT_EQ(list.plugins.size(), 3U);
  EXPECT_EQ(list.type(0) + list.type(1) + list.type(2), "inlinefirstsecond");
  const auto cached = parse_conflist(list.bytes, "cached", "/nowhere");
  EXPECT_EQ(cached.plugins.size(), 3U);
}

TEST_F(NetworkListTest, OnlyInlinedPluginsAreTakenWhenAskedFor) {
  std::filesystem::create_directory(directory.path("n"));
  write_file(directory.path("n/10.conf"), "{");

  const auto list =
      parse(R"({"name":"n","loadOnlyInlinedPlugins":true,"plugins":[{"type":"inline"}]})");

  EXPECT_EQ(list.plugins.size(), 1U);
}

TEST_F(NetworkListTest, BadPluginFileIsNamed) {
  std::filesystem::create_directory(directory.path("n"));
  write_file(directory.path("n/10.conf"), "{");

  const Error e = fault_of(R"({"name":"n","plugins":[{"type":"inline"}]})");

  EXPECT_NE(std::string{e.what()}.find(directory.path("n/10.conf") + ":1:"), std::string::npos)
      << e.what();
}

TEST_F(NetworkListTest, SinglePluginIsAListOfOne) {
  write_file(directory.path("a.conf"), R"({"name":"n","cniVersion":"0.4.0","type":"p","x":1})");

  const auto list = get_network(directory.path(), "n");

  EXPECT_EQ(list.version.str(), "0.4.0");
  ASSERT_EQ(list.plugins.size(), 1U);
  EXPECT_EQ(list.type(0), "p");
  EXPECT_EQ(parse_conflist(list.bytes, "cached", "").plugins.size(), 1U);
}

TEST_F(NetworkListTest, ConflistsComeFirstThenByName) {
  write_file(directory.path("b.conflist"), R"({"name":"n","plugins":[{"type":"b"}]})");
  write_file(directory.path("c.conflist"), R"({"name":"n","plugins":[{"type":"c"}]})");
  write_file(directory.path("a.conf"), R"({"name":"n","type":"a"})");

  EXPECT_EQ(get_network(directory.path(), "n").type(0), "b");
}

TEST_F(NetworkListTest, BadFileHidesNoOther) {
  write_file(directory.path("a.conflist"), "{");
  write_file(directory.path("b.conflist"), R"({"name":"n","plugins":[{"type":"b"}]})");

  EXPECT_EQ(get_network(directory.path(), "n").type(0), "b");
  const Error e = thrown_by([&] { get_network(directory.path(), "other"); });
  EXPECT_NE(std::string{e.what()}.find(directory.path("a.conflist") + ":1:"), std::string::npos);
}

TEST_F(NetworkListTest, MissingDirectoryIsNamed) {
  const Error e = thrown_by([&] { get_network(directory.path("none"), "n"); });

  EXPECT_EQ(
      std::string{e.what()},
      "read directory '" + directory.path("none") + "': No such file or directory");
}

}  // namespace
}  // namespace patchbay::runner
