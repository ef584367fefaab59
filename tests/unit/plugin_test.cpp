#include "cni/plugin.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cni/json.h"

namespace patchbay::cni {
namespace {

using nlohmann::json;
using Variables = std::map<std::string, std::string>;

/// What an attachment said; it cannot be copied itself.
struct Seen {
  explicit Seen(const Attachment& attachment)
      : owner{attachment.owner()},
        version{attachment.network.version.str()},
        plugin_path{attachment.network.plugin_path},
        netns_path{attachment.netns_path},
        has_netns{attachment.netns.has_value()},
        requested{attachment.args.find("IP")},
        previous{attachment.previous} {}

  Owner owner;
  std::string version;
  std::string plugin_path;
  std::string netns_path;
  bool has_netns;
  std::optional<std::string> requested;
  std::optional<Result> previous;
};

/// What the fake plugin below was called with.
struct Calls {
  std::vector<std::string> verbs;
  std::optional<Seen> seen;
  std::optional<ValidAttachments> valid;
  std::exception_ptr failure;  ///< Thrown by every verb.
  Result result;
};

Calls& calls() {
  static Calls instance;
  return instance;
}

void note(const char* verb) {
  calls().verbs.emplace_back(verb);
  if (calls().failure) {
    std::rethrow_exception(calls().failure);
  }
}

Plugin fake() {
  return {
      .name = "fake",
      .about = "does nothing",
      .declare =
          [](Keys& keys) {
            std::string bridge = "cni0";
            keys.text("bridge", bridge, "name of the bridge");
          },
      .add =
          [](const Attachment& attachment) {
            calls().seen.emplace(attachment);
            note("ADD");
            return calls().result;
          },
      .del =
          [](const Attachment& attachment) {
            calls().seen.emplace(attachment);
            note("DEL");
          },
      .check =
          [](const Attachment& attachment) {
            calls().seen.emplace(attachment);
            note("CHECK");
          },
      .gc =
          [](const Network&, const ValidAttachments& valid) {
            calls().valid = valid;
            note("GC");
          },
      .status = [](const Network&) { note("STATUS"); }};
}

struct Outcome {
  int status;
  std::string output;
  std::string errors;

  [[nodiscard]] json document() const { return json::parse(output); }
  [[nodiscard]] unsigned code() const { return document().at("code").get<unsigned>(); }
  [[nodiscard]] std::string message() const { return document().at("msg").get<std::string>(); }
};

class PluginTest : public testing::Test {
 protected:
  void SetUp() override { calls() = {}; }

  Outcome run(const std::vector<std::string_view>& arguments = {}) {
    Outcome outcome{};
    const Process process{
        .getenv = [&](const char* name) -> const char* {
          const auto found = environment.find(name);
          return found == environment.end() ? nullptr : found->second.c_str();
        },
        .read_input = [&] { return input; },
        .write_output = [&](std::string_view text) { outcome.output += text; },
        .write_error = [&](std::string_view text) { outcome.errors += text; }};
    outcome.status = cni::run(plugin, arguments, process);
    return outcome;
  }

  Outcome run_verb(const std::string& verb, const json& config) {
    environment["CNI_COMMAND"] = verb;
    input = config.dump();
    return run();
  }

  Plugin plugin = fake();
  // The namespace of the test itself: it is there without privileges.
  Variables environment{
      {"CNI_CONTAINERID", "c1"},
      {"CNI_NETNS", "/proc/self/ns/net"},
      {"CNI_NETNS_OVERRIDE", "1"},
      {"CNI_IFNAME", "eth0"},
      {"CNI_ARGS", "IgnoreUnknown=1;IP=10.1.0.5"},
      {"CNI_PATH", "/opt/cni/bin"}};
  std::string input;
};

json config_of(const std::string& version) {
  return {{"cniVersion", version}, {"name", "net"}, {"type", "fake"}};
}

json with_previous(const std::string& version) {
  json config = config_of(version);
  config["prevResult"] = {{"cniVersion", version}, {"ips", {{{"address", "10.1.0.5/16"}}}}};
  return config;
}

TEST_F(PluginTest, PersonIsToldWhatThisIs) {
  const Outcome outcome = run();

  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(
      outcome.errors,
      "CNI plugin fake (Patchbay " PATCHBAY_VERSION
      "): does nothing\n"
      "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n");
}

TEST_F(PluginTest, OptionsAnswerOnStdout) {
  EXPECT_EQ(run({"--version"}).output, "fake (Patchbay) " PATCHBAY_VERSION "\n");
  EXPECT_NE(run({"--help"}).output.find("--schema"), std::string::npos);
  EXPECT_EQ(run({"-h"}).output, run({"--help"}).output);
}

TEST_F(PluginTest, SchemaDescribesTheConfiguration) {
  const json schema = run({"--schema"}).document();

  EXPECT_EQ(schema["title"], "fake");
  EXPECT_EQ(schema["type"], "object");
  EXPECT_EQ(schema["required"], json::array({"name"}));
  EXPECT_EQ(schema["properties"]["bridge"]["default"], "cni0");
  EXPECT_EQ(schema["properties"]["cniVersion"]["enum"].size(), kVersions.size());
}

TEST_F(PluginTest, VersionAnswersWithoutConfiguration) {
  environment = {{"CNI_COMMAND", "VERSION"}};

  const Outcome outcome = run();

  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(
      outcome.output,
      R"({"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0",)"
      R"("1.0.0","1.1.0"]})"
      "\n");
}

TEST_F(PluginTest, AddGetsTheAttachmentAndItsResultIsPrinted) {
  calls().result.ips.push_back({.address = IpPrefix::parse("10.1.0.5/16")});

  const Outcome outcome = run_verb("ADD", config_of("0.3.1"));

  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(
      outcome.document(),
      json::parse(
          R"({"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "10.1.0.5/16"}],
              "dns": {}})"));
  const Seen& seen = *calls().seen;
  EXPECT_EQ(seen.owner, (Owner{"net", "c1", "eth0"}));
  EXPECT_EQ(seen.version, "0.3.1");
  EXPECT_EQ(seen.plugin_path, "/opt/cni/bin");
  EXPECT_EQ(seen.netns_path, "/proc/self/ns/net");
  EXPECT_TRUE(seen.has_netns);
  EXPECT_EQ(seen.requested, "10.1.0.5");
  EXPECT_FALSE(seen.previous);
}

TEST_F(PluginTest, ResultThatTheVersionCannotExpressIsTakenBack) {
  const Outcome outcome = run_verb("ADD", config_of("0.2.0"));

  EXPECT_EQ(outcome.code(), 1U);
  EXPECT_EQ(calls().verbs, (std::vector<std::string>{"ADD", "DEL"}));
}

TEST_F(PluginTest, OwnNamespaceIsRefusedBeforeAnyWork) {
  environment.erase("CNI_NETNS_OVERRIDE");

  for (const char* verb : {"ADD", "CHECK", "DEL"}) {
    const Outcome outcome = run_verb(verb, with_previous("1.0.0"));
    EXPECT_EQ(outcome.code(), 8U) << verb;
  }
  EXPECT_TRUE(calls().verbs.empty());
}

TEST_F(PluginTest, NamespaceThatIsNoneIsNamedByItsVariable) {
  for (const char* path : {"/nowhere", "/etc/passwd", "/tmp", "/dev/null", "/proc/self/ns/mnt"}) {
    environment["CNI_NETNS"] = path;
    const Outcome outcome = run_verb("ADD", config_of("1.0.0"));
    EXPECT_EQ(outcome.code(), 4U);
    EXPECT_TRUE(outcome.message().starts_with("CNI_NETNS: ")) << outcome.message();
  }
}

TEST_F(PluginTest, DelGoesOnWithoutNamespace) {
  for (const char* path : {"", "/nowhere", "/etc/passwd", "/tmp"}) {
    environment["CNI_NETNS"] = path;
    EXPECT_EQ(run_verb("DEL", config_of("1.0.0")).output, "");
    EXPECT_FALSE(calls().seen->has_netns);
  }
}

TEST_F(PluginTest, PreviousResultIsBroughtUp) {
  json config = config_of("0.2.0");
  config["prevResult"] = {{"ip4", {{"ip", "10.1.0.5/16"}}}};
  calls().result.ips.push_back({.address = IpPrefix::parse("10.1.0.5/16")});

  EXPECT_EQ(run_verb("ADD", config).status, 0);

  EXPECT_EQ(calls().seen->previous->ips.at(0).address.str(), "10.1.0.5/16");
}

TEST_F(PluginTest, OnlyDelGoesOnWithAnUnreadablePreviousResult) {
  json config = config_of("1.0.0");
  config["prevResult"] = {{"ips", "nonsense"}};

  EXPECT_EQ(run_verb("ADD", config).code(), 6U);
  EXPECT_EQ(run_verb("CHECK", config).code(), 6U);
  EXPECT_EQ(run_verb("DEL", config).status, 0);
  EXPECT_FALSE(calls().seen->previous);
  EXPECT_EQ(calls().verbs, (std::vector<std::string>{"DEL"}));
}

TEST_F(PluginTest, CheckRequiresAPreviousResult) {
  const Outcome without = run_verb("CHECK", config_of("1.0.0"));
  const Outcome with = run_verb("CHECK", with_previous("1.0.0"));

  EXPECT_EQ(without.code(), 7U);
  EXPECT_TRUE(without.message().starts_with("prevResult: ")) << without.message();
  EXPECT_EQ(with.output, "");
}

TEST_F(PluginTest, EveryVerbIsOpenFromItsVersionOn) {
  struct Gate {
    const char* verb;
    std::string_view since;
  };
  for (const auto& [verb, since] : {Gate{"CHECK", "0.4.0"}, {"GC", "1.1.0"}, {"STATUS", "1.1.0"}}) {
    for (const auto version : kVersions) {
      const Outcome outcome = run_verb(verb, with_previous(std::string{version}));
      EXPECT_EQ(outcome.status, version < since ? 1 : 0) << verb << " " << version;
      if (version < since) {
        EXPECT_EQ(outcome.code(), 1U);
        EXPECT_EQ(
            outcome.message(),
            "config version '" + std::string{version} + "' does not allow " + verb);
        EXPECT_EQ(
            outcome.document()["details"],
            "config is \"" + std::string{version} + "\", " + verb + " needs \"" +
                std::string{since} + "\"");
      }
    }
  }
}

TEST_F(PluginTest, UnknownVersionIsRefused) {
  const Outcome outcome = run_verb("ADD", config_of("1.2.0"));

  EXPECT_EQ(outcome.code(), 1U);
  EXPECT_TRUE(outcome.document()["details"].get<std::string>().starts_with("config is \"1.2.0\""));
  EXPECT_TRUE(calls().verbs.empty());
}

TEST_F(PluginTest, NetworkNameIsRequiredAndChecked) {
  json nameless = config_of("1.1.0");
  nameless.erase("name");
  json empty = config_of("1.1.0");
  empty["name"] = "";
  json bad = config_of("1.1.0");
  bad["name"] = "../net";
  json number = config_of("1.1.0");
  number["name"] = 5;

  for (const char* verb : {"ADD", "DEL", "CHECK", "GC", "STATUS"}) {
    EXPECT_EQ(run_verb(verb, nameless).code(), 7U) << verb;
    EXPECT_EQ(run_verb(verb, empty).message(), "name: missing network name") << verb;
    EXPECT_EQ(run_verb(verb, bad).code(), 7U) << verb;
    EXPECT_EQ(run_verb(verb, number).code(), 6U) << verb;
  }
  EXPECT_TRUE(calls().verbs.empty());
}

TEST_F(PluginTest, GcWithoutListDoesNothing) {
  EXPECT_EQ(run_verb("GC", config_of("1.1.0")).status, 0);
  EXPECT_TRUE(calls().verbs.empty());
}

TEST_F(PluginTest, GcWithEmptyListSparesNobody) {
  json config = config_of("1.1.0");
  config["cni.dev/valid-attachments"] = json::array();

  EXPECT_EQ(run_verb("GC", config).status, 0);

  ASSERT_TRUE(calls().valid);
  EXPECT_TRUE(calls().valid->owners.empty());
}

TEST_F(PluginTest, GcSparesWhatIsListedUnderTheNewOrTheOldKey) {
  for (const char* key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
    json config = config_of("1.1.0");
    config[key] = {{{"containerID", "c1"}, {"ifname", "eth0"}}};
    EXPECT_EQ(run_verb("GC", config).status, 0);
    EXPECT_TRUE(calls().valid->contains({"net", "c1", "eth0"}));
    EXPECT_TRUE(calls().valid->contains_label("net:c1:eth0"));
    EXPECT_FALSE(calls().valid->contains({"net", "c1", "eth1"}));
    EXPECT_FALSE(calls().valid->contains({"net", "c2", "eth0"}));
  }
}

TEST_F(PluginTest, GcWithAMalformedListTouchesNothing) {
  json config = config_of("1.1.0");
  config["cni.dev/valid-attachments"] = {{{"containerID", 5}}};

  EXPECT_EQ(run_verb("GC", config).code(), 6U);
  EXPECT_TRUE(calls().verbs.empty());
}

TEST_F(PluginTest, VerbsThatAPluginLacksSucceed) {
  plugin.check = nullptr;
  plugin.gc = nullptr;
  plugin.status = nullptr;
  json config = with_previous("1.1.0");
  config["cni.dev/valid-attachments"] = json::array();

  for (const char* verb : {"CHECK", "GC", "STATUS"}) {
    EXPECT_EQ(run_verb(verb, config).status, 0) << verb;
  }
}

TEST_F(PluginTest, ErrorIsPrintedWithTheConfigurationsVersion) {
  calls().failure =
      std::make_exception_ptr(Error{ErrorCode::plugin_not_available, "no \"uplink\"", "eth\xff"});

  const Outcome outcome = run_verb("STATUS", config_of("1.1.0"));

  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(
      outcome.document(),
      json::parse(
          R"({"cniVersion": "1.1.0", "code": 50, "msg": "no \"uplink\"", "details": "eth\ufffd"})"));
}

TEST_F(PluginTest, ErrorWithoutDetailsHasNoSuchKey) {
  calls().failure = std::make_exception_ptr(SystemError{EBUSY, "set master of 'veth1'"});

  const Outcome outcome = run_verb("ADD", config_of("0.4.0"));

  EXPECT_EQ(outcome.document(), json::parse(R"({"cniVersion": "0.4.0", "code": 100,
                      "msg": "set master of 'veth1': Device or resource busy"})"));
}

TEST_F(PluginTest, WhatNobodyForesawIs999) {
  calls().failure = std::make_exception_ptr(std::out_of_range{"index"});

  const Outcome outcome = run_verb("ADD", config_of("1.0.0"));

  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.code(), 999U);
}

TEST_F(PluginTest, BadInputIsADecodingFailure) {
  environment["CNI_COMMAND"] = "ADD";
  for (const char* text : {"", "{", "[]", "\177ELF", "{\"name\": \"net\""}) {
    input = text;
    EXPECT_EQ(run().code(), 6U) << text;
  }
}

TEST_F(PluginTest, OutputThatCannotBeWrittenIsAFailure) {
  const Process process{
      .getenv =
          [](const char* name) {
            return std::string_view{name} == "CNI_COMMAND" ? "VERSION" : nullptr;
          },
      .read_input = [] { return std::string{}; },
      .write_output =
          [](std::string_view) {
            throw SystemError{EPIPE, "write stdout"};
          },
      .write_error = [](std::string_view) {}};

  EXPECT_EQ(cni::run(plugin, {}, process), 1);
}

}  // namespace
}  // namespace patchbay::cni
