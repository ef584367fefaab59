// patchbay validate.

#include "runner/runner_host.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

class ValidateTest : public RunnerTest {
 protected:
  /// What is printed about the network `plugins`.
  static Answer validate(const json& plugins, const json& members = json::object()) {
    return run({"validate", write_network("net1", plugins, members)});
  }
};

testing::AssertionResult finds(const Answer& answer, const std::string& part, int status = 1) {
  if (answer.status == status && answer.output.find(part) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure()
         << "exit status " << answer.status << ", stdout: " << answer.output
         << "stderr: " << answer.errors;
}

TEST_F(ValidateTest, GoodConflistIsOk) {
  EXPECT_TRUE(finds(validate(json::array({bridge()})), "/run/net.d/net1.conflist: ok", 0));
}

TEST_F(ValidateTest, BrokenJsonHasLineAndColumn) {
  write_file("/run/net.d/a.conflist", "{\n  \"name\": \"a\",\n  \"plugins\": [ { \"type\": } ]\n}");

  const auto answer = run({"validate", "/run/net.d/a.conflist"});

  EXPECT_TRUE(finds(answer, "/run/net.d/a.conflist:3:26: network configuration: not JSON"));
}

TEST_F(ValidateTest, UnknownKeysAreNamedWithTheirPlace) {
  write_file(
      "/run/net.d/a.conflist",
      R"({
  "cniVersion": "1.1.0", "name": "a", "disableGc2": true,
  "plugins": [{
    "type": "bridge", "isGatway": true,
    "ipam": { "type": "host-local", "rangs": [],
      "ranges": [[{ "subnet": "10.1.0.0/24", "gatway": "10.1.0.1" }]] }
  }]
})");

  const auto answer = run({"validate", "/run/net.d/a.conflist"});

  EXPECT_TRUE(
      finds(answer, ":2:39: disableGc2: unknown key 'disableGc2'; did you mean 'disableGC'?"));
  EXPECT_TRUE(finds(
      answer, ":4:23: plugins[0].isGatway: unknown key 'isGatway'; did you mean 'isGateway'?"));
  EXPECT_TRUE(
      finds(answer, ":5:37: plugins[0].ipam.rangs: unknown key 'rangs'; did you mean 'range"));
  EXPECT_TRUE(finds(answer, ":6:46: plugins[0].ipam.ranges[0][0].gatway: unknown key"));
}

TEST_F(ValidateTest, ContradictionsAreNamed) {
  json plugin = bridge();
  plugin["hairpinMode"] = true;
  plugin["promiscMode"] = true;

  EXPECT_TRUE(finds(validate(json::array({plugin})), "hairpinMode"));
  EXPECT_TRUE(finds(
      validate(json::array({{{"type", "loopback"}, {"name", "other"}}})),
      "plugins[0].name: 'other' contradicts the network's name 'net1'"));
  EXPECT_TRUE(finds(
      validate(json::array({{{"type", "loopback"}, {"prevResult", json::object()}}})),
      "plugins[0].prevResult: reserved for the runtime"));
}

TEST_F(ValidateTest, KeysOfIpamWithoutATypeAreUnknown) {
  json plugin = bridge();
  plugin["ipam"] = {{"tpye", "host-local"}};

  EXPECT_TRUE(finds(
      validate(json::array({plugin})),
      "plugins[0].ipam.tpye: unknown key 'tpye'; did you mean 'type'?"));
}

TEST_F(ValidateTest, CapabilitiesAreTrueOrFalseAndOfUse) {
  json plugin = bridge();
  plugin["capabilities"] = {{"mac", "yes"}};
  EXPECT_TRUE(finds(
      validate(json::array({plugin})), "plugins[0].capabilities.mac: 'yes' must be true or false"));

  plugin["capabilities"] = json::array({"mac"});
  EXPECT_TRUE(finds(validate(json::array({plugin})), "plugins[0].capabilities: "));

  plugin["capabilities"] = {{"mca", true}};
  EXPECT_TRUE(finds(
      validate(json::array({plugin})),
      "warning: plugins[0].capabilities.mca: unknown key 'mca'; did you mean 'mac'?",
      0));

  plugin["capabilities"] = {{"mac", true}, {"ips", true}};
  EXPECT_EQ(validate(json::array({plugin})).output, "/run/net.d/net1.conflist: ok\n");
}

TEST_F(ValidateTest, InterfaceIsMadeOnce) {
  EXPECT_TRUE(finds(
      validate(json::array({bridge(), bridge()})),
      "plugins[1].type: 'bridge' makes the interface that plugins[0] has made before"));
}

TEST_F(ValidateTest, ListKeysAreLookedAtWhateverTheirCase) {
  write_file(
      "/run/net.d/a.conflist",
      R"({"cniVersion":"1.1.0","name":"a","Plugins":[{"type":"loopback"}],"foo":1})");

  EXPECT_TRUE(finds(run({"validate", "/run/net.d/a.conflist"}), "foo: unknown key 'foo'"));
}

TEST_F(ValidateTest, VersionThatCannotExpressTheResultIsNamed) {
  write_file("/run/net.d/a.conflist", R"({"name":"a","plugins":[{"type":"bridge"}]})");

  EXPECT_TRUE(finds(
      run({"validate", "/run/net.d/a.conflist"}),
      "plugins[0]: cniVersion 0.1.0 cannot express its result, which has no addresses"));
}

TEST_F(ValidateTest, OldVersionsAreLookedAtAsClosely) {
  json plugin = bridge();
  plugin["ipam"]["ranges"][0][0]["subnet"] = "10.1.0.0/99";

  EXPECT_TRUE(finds(
      validate(json::array({plugin}), {{"cniVersion", "0.4.0"}}), "ipam.ranges[0][0].subnet"));
}

TEST_F(ValidateTest, MissingPluginsAreNamed) {
  json plugin = bridge();
  plugin["ipam"]["type"] = "nowhere";

  EXPECT_TRUE(
      finds(validate({{{"type", "absent"}}}), ": plugins[0].type: failed to find plugin 'absent'"));
  EXPECT_TRUE(finds(
      validate(json::array({plugin})), ": plugins[0].ipam.type: failed to find plugin 'nowhere'"));
}

TEST_F(ValidateTest, PluginThatCannotBeExecutedIsNamed) {
  write_file("/run/plugins/idle", "");

  EXPECT_TRUE(finds(validate({{{"type", "idle"}}}), "execute '/run/plugins/idle': Permission"));
}

TEST_F(ValidateTest, PluginThatDoesNotSpeakTheVersionIsNamed) {
  make_plugin("old", R"(echo '{"cniVersion":"0.4.0","supportedVersions":["0.4.0"]}'; exit)");

  EXPECT_TRUE(finds(validate({{{"type", "old"}}}), "'old' does not speak CNI 1.1.0"));
}

TEST_F(ValidateTest, PluginsThatCrashHangOrAnswerRubbishAreNamed) {
  make_plugin("bad", "kill -SEGV $$");
  EXPECT_TRUE(finds(validate({{{"type", "bad"}}}), "killed by signal 11"));

  make_plugin("bad", "echo hello; exit");
  EXPECT_TRUE(finds(validate({{{"type", "bad"}}}), "answer to VERSION: not JSON"));

  make_plugin("bad", "sleep 100");
  const auto file = write_network("net1", {{{"type", "bad"}}});
  EXPECT_TRUE(finds(run({"validate", file, "--timeout", "0.2"}), "killed after 200 ms"));
}

TEST_F(ValidateTest, KeysOfAPluginWithoutSchemaAreNotChecked) {
  make_plugin("mute", R"(echo '{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}'; exit)");

  const auto answer = validate({{{"type", "mute"}, {"anything", 1}}}, {{"cniVersion", "1.0.0"}});

  EXPECT_TRUE(finds(answer, "warning: plugins[0]: 'mute' has no --schema", 0));
}

TEST_F(ValidateTest, PluginsInFilesOfTheirOwnAreNamedWithTheFile) {
  shell("mkdir /run/net.d/net1");
  write_file("/run/net.d/net1/1.conf", "{\n  \"type\": \"loopback\",\n  \"mtu\": 1\n}");
  write_file("/run/net.d/net1/2.conf", "{\n  \"type\": \"absent\"\n}");

  const auto answer = validate(json::array({bridge()}));

  EXPECT_TRUE(finds(answer, "/run/net.d/net1/1.conf:3:3: mtu: unknown key 'mtu'\n"));
  EXPECT_TRUE(finds(answer, "/run/net.d/net1/2.conf:2:3: type: failed to find plugin 'absent'"));
  EXPECT_EQ(answer.output.find(": ok"), std::string::npos) << answer.output;
  EXPECT_TRUE(fails(run({"add", "net1", "c1"}), "/run/net.d/net1/2.conf: type: failed to find"));
}

TEST_F(ValidateTest, WhatWouldNotWorkNowIsNamed) {
  shell("ip link add br0 type veth peer name br1");

  EXPECT_TRUE(finds(validate(json::array({bridge()})), "link 'br0' is not a bridge"));
}

TEST_F(ValidateTest, TwoFilesOfOneNameContradict) {
  const auto first = write_network("net1", {{{"type", "loopback"}}});
  const auto second = write_network("net2", {{{"type", "loopback"}}}, {{"name", "net1"}});

  EXPECT_TRUE(
      finds(run({"validate", first, second}), "name: 'net1' is the network of " + first + " too"));
}

TEST_F(ValidateTest, FileThatIsNamedTwiceDoesNotContradictItself) {
  write_network("net1", {{{"type", "loopback"}}});

  EXPECT_EQ(
      run({"validate", "/run/net.d/net1.conflist", "/run/net.d/../net.d/net1.conflist"}).status, 0);
}

TEST_F(ValidateTest, FileThatRuntimesDoNotReadIsNamed) {
  write_file("/run/net.d/a.json5", R"({"name":"a","plugins":[{"type":"loopback"}]})");

  EXPECT_TRUE(finds(run({"validate", "/run/net.d/a.json5"}), "runtimes read only *.conflist"));
  EXPECT_TRUE(finds(run({"validate", "/run/none.conflist"}), "/run/none.conflist: open"));
}

TEST_F(ValidateTest, JsonIsForPrograms) {
  const auto file = write_network("net1", {{{"type", "loopback"}, {"mtu", 1}}});

  const auto answer = run({"validate", "-o", "json", file});

  EXPECT_EQ(answer.status, 1);
  const json finding = answer.json().at(0);
  EXPECT_EQ(finding["file"], file);
  EXPECT_EQ(finding["severity"], "error");
  EXPECT_EQ(finding["line"], 6);
  EXPECT_EQ(finding["message"], "plugins[0].mtu: unknown key 'mtu'");
}

TEST_F(ValidateTest, NothingIsAttached) {
  const auto file = write_network("net1", json::array({bridge()}));
  const auto before = shell("ip -o link; find /var/lib/cni");

  run({"validate", file});

  EXPECT_EQ(shell("ip -o link; find /var/lib/cni"), before);
}

}  // namespace
}  // namespace patchbay::test
