#include "cni/config.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "cni/json.h"
#include "support/thrown.h"

namespace patchbay::cni {
namespace {

using test::thrown_by;

constexpr const char* kDocument = R"({
  "cniVersion": "1.1.0", "name": "net", "type": "bridge", "mtu": 1500, "isGateway": true,
  "runtimeConfig": {"mac": "0a:00:00:00:00:01"}, "args": {"cni": {"mac": "0a:00:00:00:00:02"}},
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/16", "gateway": "10.1.0.1"}]]},
  "prevResult": {
    "cniVersion": "1.1.0",
    "interfaces": [{"name": "eth0", "mac": "0a:00:00:00:00:01", "sandbox": "/run/netns/é"}],
    "ips": [{"address": "10.1.0.5/16", "gateway": "10.1.0.1", "interface": 0}],
    "routes": [{"dst": "0.0.0.0/0", "mtu": 1400, "scope": 0}],
    "dns": {"nameservers": ["10.1.0.1"], "search": ["a.example"]}}})";

std::string nested(std::size_t levels) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) {
    text += "{\"a\":";
  }
  return text + "1" + std::string(levels, '}');
}

Error refusal_of(const std::string& document) {
  return thrown_by([&] { Config::parse(document); });
}

/// Everything that is ever done to a configuration; whatever it contains, Error is the worst.
void exercise(const std::string& document) {
  try {
    const Config config = Config::parse(document);
    MacRequest mac;
    std::uint32_t mtu = 0;
    config.read([&](Keys& keys) {
      keys.number("mtu", mtu, {0, 65535}, "");
      mac.declare(keys);
    });
    (void)mac.resolve(Args{});
    if (const auto previous = config.previous_result(Version::newest())) {
      for (const auto version : kVersions) {
        (void)print(*previous, Version::parse(version));
      }
    }
  } catch (const Error& e) {
    EXPECT_STRNE(e.what(), "");
  }
}

TEST(ConfigTest, KeepsTheBytesForDelegates) {
  EXPECT_EQ(Config::parse(kDocument).bytes(), kDocument);
}

TEST(ConfigTest, WhatIsNoJsonIsADecodingFailure) {
  const std::vector<std::string> documents{
      "",
      " ",
      "{",
      "}",
      "nul",
      R"({"name": "net")",
      R"({"name": })",
      R"({name: "net"})",
      R"({"name": "net",})",
      "{} {}",
      "{}x",
      "\xff\xfe",
      std::string{"\0\0\0", 3},
      "{\"name\": \"\xff\"}",
      R"({"name": "\ud800"})",
      "{\"name\": \"a\nb\"}",
      R"({"mtu": 1e999})",
      R"({"mtu": 01})",
      R"({"mtu": NaN})"};
  for (const auto& document : documents) {
    const Error error = refusal_of(document);
    EXPECT_EQ(error.code(), ErrorCode::decoding_failure) << quote(document);
    EXPECT_TRUE(std::string_view{error.what()}.starts_with("network configuration: not JSON: "))
        << error.what();
  }
}

TEST(ConfigTest, TopMustBeAnObject) {
  for (const char* document : {"[]", "1", "\"text\"", "null", "true"}) {
    const Error error = refusal_of(document);
    EXPECT_EQ(error.code(), ErrorCode::decoding_failure);
    EXPECT_TRUE(std::string_view{error.what()}.ends_with(" must be an object")) << error.what();
  }
}

TEST(ConfigTest, DepthIsBounded) {
  EXPECT_NO_THROW(Config::parse(nested(64)));
  for (const std::string& document :
       {nested(65),
        nested(1'000'000),
        "{\"a\":" + std::string(1'000'000, '['),
        std::string(1'000'000, '{')}) {
    EXPECT_EQ(refusal_of(document).code(), ErrorCode::decoding_failure);
  }
}

TEST(ConfigTest, DepthIsNotWhatIsWrittenInStrings) {
  const std::string brackets(100, '[');

  EXPECT_NO_THROW(Config::parse("{\"a\": \"" + brackets + "\"}"));
  EXPECT_NO_THROW(Config::parse(R"({"a\"{": "\\", "b": "\"{)" + brackets + "\"}"));
  EXPECT_EQ(
      refusal_of(R"({"a": "\\", "b": )" + brackets + std::string(100, ']') + "}").code(),
      ErrorCode::decoding_failure);
}

TEST(ConfigTest, SizeIsBounded) {
  const std::string most = "{\"a\":\"" + std::string(kDocumentLimit - 8, 'x') + "\"}";

  EXPECT_NO_THROW(Config::parse(most));
  EXPECT_STREQ(refusal_of(most + " ").what(), "network configuration: larger than 16 MiB");
  EXPECT_EQ(refusal_of(most + " ").code(), ErrorCode::decoding_failure);
}

TEST(ConfigTest, EveryTruncationIsRefused) {
  const std::string document = kDocument;
  for (std::size_t length = 0; length < document.size(); ++length) {
    EXPECT_EQ(refusal_of(document.substr(0, length)).code(), ErrorCode::decoding_failure) << length;
  }
}

TEST(ConfigTest, DamagedDocumentsAreAtWorstAnError) {
  std::mt19937 random{20240607};  // NOLINT(cert-msc51-cpp): the same documents in every run
  for (int round = 0; round < 20'000; ++round) {
    std::string document = kDocument;
    for (unsigned changes = random() % 4 + 1; changes > 0; --changes) {
      const auto place = random() % document.size();
      switch (random() % 3) {
        case 0:
          document[place] = static_cast<char>(random() % 256);
          break;
        case 1:
          document.erase(place, random() % 8 + 1);
          break;
        default:
          document.insert(place, 1, "{}[]\",:0-e."[random() % 11]);
      }
    }
    exercise(document);
  }
}

TEST(ConfigTest, PreviousResultIsOptional) {
  EXPECT_FALSE(Config::parse("{}").previous_result(Version::newest()));
  EXPECT_FALSE(Config::parse(R"({"prevResult": null})").previous_result(Version::newest()));
}

TEST(ConfigTest, PreviousResultMustBeAnObject) {
  const Config config = Config::parse(R"({"prevResult": [1]})");

  const Error error = thrown_by([&] { (void)config.previous_result(Version::newest()); });

  EXPECT_EQ(error.code(), ErrorCode::decoding_failure);
  EXPECT_STREQ(error.what(), "prevResult: [1] must be an object");
}

TEST(ConfigTest, PreviousResultHasTheShapeOfTheConfigurationUnlessItSays) {
  const Config silent = Config::parse(R"({"prevResult": {"ip4": {"ip": "10.1.0.5/16"}}})");
  const Config outspoken =
      Config::parse(R"({"prevResult": {"cniVersion": "0.2.0", "ip4": {"ip": "10.1.0.5/16"}}})");

  EXPECT_EQ(silent.previous_result(Version::parse("0.2.0"))->ips.size(), 1U);
  EXPECT_EQ(silent.previous_result(Version::parse("1.0.0"))->ips.size(), 0U);
  EXPECT_EQ(outspoken.previous_result(Version::parse("1.0.0"))->ips.size(), 1U);
}

TEST(MacRequestTest, RuntimeWinsOverArgsWinsOverEnvironment) {
  struct Case {
    const char* document;
    const char* environment;
    const char* winner;
  };
  const std::vector<Case> cases{
      {"{}", "", ""},
      {"{}", "MAC=", ""},
      {"{}", "MAC=0a:00:00:00:00:03", "0a:00:00:00:00:03"},
      {R"({"args": {"cni": {"mac": "0a:00:00:00:00:02"}}})",
       "MAC=0a:00:00:00:00:03",
       "0a:00:00:00:00:02"},
      {kDocument, "MAC=0a:00:00:00:00:03", "0a:00:00:00:00:01"}};
  for (const auto& [document, environment, winner] : cases) {
    MacRequest request;
    Config::parse(document).read([&](Keys& keys) { request.declare(keys); });
    const auto mac = request.resolve(Args{environment});
    EXPECT_EQ(mac ? mac->str() : "", winner);
  }
}

TEST(MacRequestTest, RefusalSaysWhereTheAddressCameFrom) {
  const Error runtime = thrown_by([] { (void)MacRequest{{}, "x"}.resolve(Args{}); });
  const Error args = thrown_by([] { (void)MacRequest{"x", {}}.resolve(Args{}); });
  const Error environment = thrown_by([] { (void)MacRequest{}.resolve(Args{"MAC=x"}); });

  EXPECT_EQ(runtime.code(), ErrorCode::invalid_config);
  EXPECT_TRUE(std::string_view{runtime.what()}.starts_with("runtimeConfig.mac: "));
  EXPECT_EQ(args.code(), ErrorCode::invalid_config);
  EXPECT_TRUE(std::string_view{args.what()}.starts_with("args.cni.mac: "));
  EXPECT_EQ(environment.code(), ErrorCode::invalid_environment);
  EXPECT_TRUE(std::string_view{environment.what()}.starts_with("CNI_ARGS MAC: "));
}

}  // namespace
}  // namespace patchbay::cni
