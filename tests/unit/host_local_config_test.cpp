#include <gtest/gtest.h>

#include "base/error.h"
#include "host-local/config.h"

namespace patchbay::hostlocal {
namespace {

cni::Network make_network(const std::string& json, const std::string& version = "1.1.0") {
  return {"net", cni::Version::parse(version), cni::Config::parse(json), "/opt/cni/bin"};
}

Config parse(const std::string& json, const std::string& version = "1.1.0") {
  return parse_config(make_network(json, version));
}

/// Every range as "span>gateway", "|" between sets.
std::string text_of(const std::vector<RangeSet>& sets) {
  std::string text;
  for (const RangeSet& set : sets) {
    text += text.empty() ? "" : " |";
    for (const Range& range : set.ranges) {
      text += (text.empty() ? "" : " ") + range.span.str() + ">" + range.gateway.str();
    }
  }
  return text;
}

struct Good {
  std::string ipam;
  std::string sets;
};

std::ostream& operator<<(std::ostream& out, const Good& good) {
  return out << good.ipam;
}

class GoodRanges : public testing::TestWithParam<Good> {};

TEST_P(GoodRanges, AreCompleted) {
  EXPECT_EQ(text_of(parse(R"({"ipam":{)" + GetParam().ipam + "}}").sets), GetParam().sets);
}

INSTANTIATE_TEST_SUITE_P(
    Tables,
    GoodRanges,
    testing::Values(
        Good{R"("subnet":"10.1.0.0/24")", "10.1.0.1-10.1.0.254>10.1.0.1"},
        Good{R"("SUBNET":"10.1.0.0/24")", "10.1.0.1-10.1.0.254>10.1.0.1"},
        Good{R"("subnet":"10.1.0.0/30")", "10.1.0.1-10.1.0.2>10.1.0.1"},
        Good{R"("subnet":"10.0.0.0/8")", "10.0.0.1-10.255.255.254>10.0.0.1"},
        Good{R"("subnet":"::ffff:10.1.0.0/24")", "10.1.0.1-10.1.0.254>10.1.0.1"},
        Good{R"("subnet":"fd00::/64")", "fd00::1-fd00::ffff:ffff:ffff:ffff>fd00::1"},
        Good{R"("subnet":"fd00::/126")", "fd00::1-fd00::3>fd00::1"},
        Good{
            R"("subnet":"10.1.0.0/24","rangeStart":"10.1.0.9","rangeEnd":"10.1.0.9")",
            "10.1.0.9-10.1.0.9>10.1.0.1"},
        Good{
            R"("subnet":"10.1.0.0/24","rangeStart":"10.1.0.0","rangeEnd":"10.1.0.255")",
            "10.1.0.0-10.1.0.255>10.1.0.1"},
        Good{
            R"("subnet":"10.1.0.0/24","rangeStart":"","rangeEnd":"","gateway":"")",
            "10.1.0.1-10.1.0.254>10.1.0.1"},
        Good{
            R"("subnet":"10.1.0.0/24","gateway":"192.168.9.9")", "10.1.0.1-10.1.0.254>192.168.9.9"},
        Good{
            R"("rangeStart":"10.9.0.1","gateway":null,"ranges":[[{"subnet":"10.1.0.0/24"}]])",
            "10.1.0.1-10.1.0.254>10.1.0.1"},
        Good{
            R"("ranges":[[{"subnet":"10.2.0.0/30"},{"subnet":"10.3.0.0/30"}],)"
            R"([{"subnet":"fd00::/126"}]],"subnet":"10.1.0.0/30")",
            "10.1.0.1-10.1.0.2>10.1.0.1 | 10.2.0.1-10.2.0.2>10.2.0.1 "
            "10.3.0.1-10.3.0.2>10.3.0.1 | fd00::1-fd00::3>fd00::1"}));

TEST(HostLocalConfig, PutsTheRuntimesRangesFirst) {
  const auto config = parse(
      R"({"ipam":{"subnet":"10.1.0.0/30"},
          "runtimeConfig":{"ipRanges":[[{"subnet":"10.9.0.0/30"}]]}})");

  EXPECT_EQ(text_of(config.sets), "10.9.0.1-10.9.0.2>10.9.0.1 | 10.1.0.1-10.1.0.2>10.1.0.1");
}

TEST(HostLocalConfig, ExcludesInOneRangeOrInAll) {
  const auto config = parse(
      R"({"ipam":{"exclude":["10.1.0.4/30"],"ranges":[
            [{"subnet":"10.1.0.0/28","exclude":["10.1.0.9","10.1.0.11-10.1.0.12"]}],
            [{"subnet":"10.2.0.0/28"}]]}})");

  EXPECT_EQ(config.sets[0].walk({}).size(), 4U);  // 2-3, 8, 10, 13-14
  EXPECT_EQ(config.sets[1].walk({}).size(), 1U);
}

TEST(HostLocalConfig, TakesDefaults) {
  const auto config = parse(R"({"ipam":{"subnet":"10.1.0.0/24","dataDir":""}})");

  EXPECT_EQ(config.place.directory("net"), "/var/lib/cni/networks/net");
  EXPECT_EQ(config.place.lock_timeout_s, 10U);
  EXPECT_EQ(config.resolv_conf, "");
}

struct Bad {
  std::string json;
  std::string path;   ///< What the message begins with.
  std::string value;  ///< What it quotes.
  ErrorCode code = ErrorCode::invalid_config;
};

std::ostream& operator<<(std::ostream& out, const Bad& bad) {
  return out << bad.json;
}

class BadConfig : public testing::TestWithParam<Bad> {};

TEST_P(BadConfig, IsRefusedNamingKeyAndValue) {
  try {
    parse(GetParam().json);
    FAIL() << "accepted";
  } catch (const Error& e) {
    const std::string message = e.what();
    EXPECT_EQ(e.code(), GetParam().code) << message;
    EXPECT_EQ(message.find(GetParam().path + ": "), 0U) << message;
    EXPECT_NE(message.find(GetParam().value), std::string::npos) << message;
  }
}

constexpr auto kDecoding = ErrorCode::decoding_failure;

INSTANTIATE_TEST_SUITE_P(
    Tables,
    BadConfig,
    testing::Values(
        Bad{R"({})", "ipam", "missing"},
        Bad{R"({"ipam":{}})", "ipam", "no IP ranges"},
        Bad{R"({"ipam":{"ranges":[]}})", "ipam", "no IP ranges"},
        Bad{R"({"ipam":[]})", "ipam", "[]", kDecoding},
        Bad{R"({"ipam":{"subnet":7}})", "ipam.subnet", "7", kDecoding},
        Bad{R"({"ipam":{"subnet":""}})", "ipam.subnet", "''"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0"}})", "ipam.subnet", "'10.1.0.0'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/31"}})", "ipam.subnet", "'10.1.0.0/31'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/32"}})", "ipam.subnet", "'10.1.0.0/32'"},
        Bad{R"({"ipam":{"subnet":"fd00::/127"}})", "ipam.subnet", "'fd00::/127'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.5/24"}})", "ipam.subnet", "10.1.0.0/24"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","rangeStart":"10.2.0.1"}})",
            "ipam.rangeStart",
            "'10.2.0.1'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","rangeEnd":"fd00::1"}})",
            "ipam.rangeEnd",
            "'fd00::1'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","rangeStart":"10.1.0.9","rangeEnd":"10.1.0.8"}})",
            "ipam.rangeStart",
            "10.1.0.9-10.1.0.8"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","rangeStart":"10.1.0.255"}})",
            "ipam.rangeStart",
            "10.1.0.255"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","rangeEnd":"10.1.0.0"}})",
            "ipam.rangeEnd",
            "10.1.0.0"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","gateway":"fd00::1"}})",
            "ipam.gateway",
            "'fd00::1'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","gateway":"10.1.0.1/24"}})",
            "ipam.gateway",
            "'10.1.0.1/24'"},
        Bad{R"({"ipam":{"ranges":{}}})", "ipam.ranges", "{}", kDecoding},
        Bad{R"({"ipam":{"ranges":[{}]}})", "ipam.ranges[0]", "{}", kDecoding},
        Bad{R"({"ipam":{"ranges":[[7]]}})", "ipam.ranges[0][0]", "7", kDecoding},
        Bad{R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24"}],[]]}})", "ipam.ranges[1]", "[]"},
        Bad{R"({"ipam":{"ranges":[[{}]]}})", "ipam.ranges[0][0].subnet", "missing"},
        Bad{R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24"},{"subnet":"fd00::/64"}]]}})",
            "ipam.ranges[0][1].subnet",
            "'fd00::/64'"},
        Bad{R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24"},{"subnet":"10.1.0.0/25"}]]}})",
            "ipam.ranges[0][1].subnet",
            "overlaps with ipam.ranges[0][0].subnet"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","ranges":[[{"subnet":"10.0.0.0/8"}]]}})",
            "ipam.subnet",
            "overlaps with ipam.ranges[0][0].subnet"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24"},
                "runtimeConfig":{"ipRanges":[[{"subnet":"10.1.0.128/25"}]]}})",
            "runtimeConfig.ipRanges[0][0].subnet",
            "10.1.0.129-10.1.0.254"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","exclude":"10.1.0.9"}})",
            "ipam.exclude",
            "'10.1.0.9'",
            kDecoding},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","exclude":["10.1.0.9","10.1.0.9/24"]}})",
            "ipam.exclude[1]",
            "'10.1.0.9/24'"},
        Bad{R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24","exclude":["10.2.0.9"]}]]}})",
            "ipam.ranges[0][0].exclude",
            "10.2.0.9"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","dataDir":"var/lib"}})",
            "ipam.dataDir",
            "'var/lib'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","lockTimeout":3601}})", "ipam.lockTimeout", "3601"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","lockTimeout":-1}})", "ipam.lockTimeout", "-1"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","lockTimeout":"9"}})",
            "ipam.lockTimeout",
            "'9'",
            kDecoding},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24","routes":[{"gw":"10.1.0.1"}]}})",
            "ipam.routes[0].dst",
            "missing"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24"},"args":{"cni":{"ips":["10.1.0"]}}})",
            "args.cni.ips[0]",
            "'10.1.0'"},
        Bad{R"({"ipam":{"subnet":"10.1.0.0/24"},"runtimeConfig":{"ips":[5]}})",
            "runtimeConfig.ips[0]",
            "5",
            kDecoding}));

TEST(HostLocalConfig, AllowsSeveralAddressesOfAFamilySinceVersion030) {
  const std::string two_sets =
      R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24"}],[{"subnet":"10.2.0.0/24"}]]}})";

  EXPECT_EQ(parse(two_sets, "0.3.0").sets.size(), 2U);
  EXPECT_THROW(parse(two_sets, "0.2.0"), Error);
}

TEST(HostLocalConfig, AllowsOneAddressOfEachFamilyInEveryVersion) {
  const std::string dual =
      R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24"},{"subnet":"10.2.0.0/24"}],
                            [{"subnet":"fd00::/64"}]]}})";

  EXPECT_EQ(parse(dual, "0.1.0").sets.size(), 2U);
}

TEST(HostLocalPlace, NeedsNothingButItself) {
  const auto place = parse_place(make_network(
      R"({"ipam":{"subnet":"nonsense","ranges":7,"dataDir":"/run/x/","lockTimeout":3}})"));

  EXPECT_EQ(place.directory("net"), "/run/x/net");
  EXPECT_EQ(place.lock_timeout_s, 3U);
}

TEST(HostLocalPlace, HasDefaultsWithoutIpam) {
  EXPECT_EQ(parse_place(make_network("{}")).directory("n"), "/var/lib/cni/networks/n");
}

/// The addresses that each set is to serve, "-" for any.
std::string assigned(const std::string& json, const std::string& args = {}) {
  std::string text;
  for (const auto& address : assign_requests(parse(json), cni::Args{args})) {
    text += (text.empty() ? "" : " ") + (address ? address->str() : "-");
  }
  return text;
}

constexpr auto kTwoSets =
    R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24"}],[{"subnet":"10.2.0.0/24"}]]})";

TEST(Requests, AreNoneWhenNobodyAsks) {
  EXPECT_EQ(assigned(std::string{kTwoSets} + "}", "IgnoreUnknown=1;K8S_POD_NAME=x;IP="), "- -");
}

TEST(Requests, GoToTheSetThatHasThem) {
  EXPECT_EQ(assigned(std::string{kTwoSets} + "}", "IP=10.2.0.9"), "- 10.2.0.9");
  EXPECT_EQ(
      assigned(std::string{kTwoSets} + R"(,"args":{"cni":{"ips":["10.2.0.8/16","10.1.0.8"]}}})"),
      "10.1.0.8 10.2.0.8");
  EXPECT_EQ(
      assigned(
          std::string{kTwoSets} + R"(,"runtimeConfig":{"ips":["10.2.0.7"]},
                                      "args":{"cni":{"ips":["10.2.0.7"]}}})",
          "IP=10.1.0.7/24"),
      "10.1.0.7 10.2.0.7");
}

TEST(Requests, MayBeExcludedOnes) {
  EXPECT_EQ(
      assigned(R"({"ipam":{"subnet":"10.1.0.0/24","exclude":["10.1.0.5"]}})", "IP=10.1.0.5"),
      "10.1.0.5");
}

TEST(Requests, MustNotBeTheGateway) {
  EXPECT_THROW(assigned(std::string{kTwoSets} + "}", "IP=10.2.0.1"), Error);
}

TEST(Requests, MustAllBeServed) {
  try {
    assigned(std::string{kTwoSets} + R"(,"runtimeConfig":{"ips":["10.1.0.7","10.1.0.8"]}})");
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "failed to allocate all requested IPs: 10.1.0.8");
  }
}

TEST(Requests, MustBeAddresses) {
  try {
    assigned(std::string{kTwoSets} + "}", "IP=10.1.0.256");
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_environment);
    EXPECT_STREQ(e.what(), "CNI_ARGS: IP '10.1.0.256' must be an IP address");
  }
}

}  // namespace
}  // namespace patchbay::hostlocal
