#include "cni/result.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay::cni {
namespace {

using nlohmann::json;
using test::thrown_by;

/// A result that uses every field there is.
Result full() {
  return {
      .interfaces =
          {{.name = "cni0", .mac = "0a:00:00:00:00:01"},
           {.name = "eth0",
            .mac = "0a:00:00:00:00:02",
            .mtu = 1400,
            .sandbox = "/run/netns/c1",
            .socket_path = "/run/s",
            .pci_id = "0000:00:1f.0"}},
      .ips =
          {{.interface = 1,
            .address = IpPrefix::parse("10.1.0.5/16"),
            .gateway = IpAddr::parse("10.1.0.1")},
           {.interface = 0, .address = IpPrefix::parse("10.2.0.5/16")},
           {.interface = 1,
            .address = IpPrefix::parse("fd00::5/64"),
            .gateway = IpAddr::parse("fd00::1")}},
      .routes =
          {{.dst = IpPrefix::parse("fd01::/64"), .gw = IpAddr::parse("fd00::1")},
           {.dst = IpPrefix::parse("0.0.0.0/0"),
            .gw = IpAddr::parse("10.1.0.1"),
            .mtu = 1300,
            .advmss = 1200,
            .priority = 5,
            .table = 0,
            .scope = 0}},
      .dns = {
          .nameservers = {"10.1.0.1", "fd00::1"},
          .domain = "example",
          .search = {"a.example"},
          .options = {"ndots:2"}}};
}

const char* const kDns = R"({"nameservers": ["10.1.0.1", "fd00::1"], "domain": "example",
                             "search": ["a.example"], "options": ["ndots:2"]})";

/// 0.1.0 and 0.2.0: no interfaces, one address a family, routes by family.
json oldest_form() {
  json form = json::parse(R"({
    "ip4": {"ip": "10.1.0.5/16", "gateway": "10.1.0.1",
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}]},
    "ip6": {"ip": "fd00::5/64", "gateway": "fd00::1",
            "routes": [{"dst": "fd01::/64", "gw": "fd00::1"}]}})");
  form["dns"] = json::parse(kDns);
  return form;
}

/// 0.3.0 to 0.4.0: "version" at each address.
json middle_form() {
  json form = json::parse(R"({
    "interfaces": [
      {"name": "cni0", "mac": "0a:00:00:00:00:01"},
      {"name": "eth0", "mac": "0a:00:00:00:00:02", "sandbox": "/run/netns/c1"}],
    "ips": [
      {"version": "4", "interface": 1, "address": "10.1.0.5/16", "gateway": "10.1.0.1"},
      {"version": "4", "interface": 0, "address": "10.2.0.5/16"},
      {"version": "6", "interface": 1, "address": "fd00::5/64", "gateway": "fd00::1"}],
    "routes": [{"dst": "fd01::/64", "gw": "fd00::1"}, {"dst": "0.0.0.0/0", "gw": "10.1.0.1"}]})");
  form["dns"] = json::parse(kDns);
  return form;
}

/// 1.0.0 drops "version".
json first_form() {
  json form = middle_form();
  for (auto& ip : form["ips"]) {
    ip.erase("version");
  }
  return form;
}

/// 1.1.0 adds what interfaces and routes tell about themselves.
json newest_form() {
  json form = first_form();
  form["interfaces"][1]["mtu"] = 1400;
  form["interfaces"][1]["socketPath"] = "/run/s";
  form["interfaces"][1]["pciID"] = "0000:00:1f.0";
  form["routes"][1].update(
      json{{"mtu", 1300}, {"advmss", 1200}, {"priority", 5}, {"table", 0}, {"scope", 0}});
  return form;
}

json form_of(std::string_view version) {
  const std::map<std::string_view, json> forms{
      {"0.1.0", oldest_form()},
      {"0.2.0", oldest_form()},
      {"0.3.0", middle_form()},
      {"0.3.1", middle_form()},
      {"0.4.0", middle_form()},
      {"1.0.0", first_form()},
      {"1.1.0", newest_form()}};
  json form = forms.at(version);
  form["cniVersion"] = version;
  return form;
}

json printed(const Result& result, std::string_view version) {
  return json::parse(print(result, Version::parse(version)));
}

class EveryVersionTest : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryVersionTest, PrintsTheFieldsOfItsVersionAndNoOthers) {
  EXPECT_EQ(printed(full(), GetParam()), form_of(GetParam()));
}

// What a version keeps survives the way in and out again, from every version to every other.
TEST_P(EveryVersionTest, ConvertsToEveryOtherVersion) {
  const json given = form_of(GetParam());
  const Result result = parse_result(given, Version::parse(GetParam()), "prevResult");

  EXPECT_EQ(printed(result, GetParam()), given);
  for (const auto other : kVersions) {
    const json through_other = json::parse(print(
        parse_result(printed(result, other), Version::parse(other), "prevResult"),
        Version::parse(GetParam())));
    const json straight = printed(
        parse_result(form_of(std::min(other, GetParam())), Version::newest(), "prevResult"),
        GetParam());
    EXPECT_EQ(through_other, straight) << "through " << other;
  }
}

TEST_P(EveryVersionTest, DnsIsLeftOutOnlySinceOneDotZero) {
  Result result;
  result.ips.push_back({.address = IpPrefix::parse("10.1.0.5/16")});

  const json object = printed(result, GetParam());

  EXPECT_EQ(object.contains("dns"), GetParam() < "1.0.0");
  EXPECT_TRUE(!object.contains("dns") || object["dns"] == json::object());
}

INSTANTIATE_TEST_SUITE_P(Versions, EveryVersionTest, testing::ValuesIn(kVersions));

TEST(ResultTest, OldestVersionsCannotExpressAResultWithoutAddress) {
  for (const char* version : {"0.1.0", "0.2.0"}) {
    const Error error = thrown_by([&] { (void)print(Result{}, Version::parse(version)); });
    EXPECT_EQ(error.code(), ErrorCode::incompatible_version);
  }
  EXPECT_EQ(printed(Result{}, "1.1.0"), json::parse(R"({"cniVersion": "1.1.0"})"));
  EXPECT_EQ(printed(Result{}, "0.3.1"), json::parse(R"({"cniVersion": "0.3.1", "dns": {}})"));
}

TEST(ResultTest, OldestVersionsDropRoutesOfAFamilyWithoutAddress) {
  Result result;
  result.ips.push_back({.address = IpPrefix::parse("fd00::5/64")});
  result.routes.push_back({.dst = IpPrefix::parse("0.0.0.0/0")});

  EXPECT_EQ(
      printed(result, "0.2.0"),
      json::parse(R"({"cniVersion": "0.2.0", "ip6": {"ip": "fd00::5/64"}, "dns": {}})"));
}

TEST(ResultTest, OldestVersionsComeUpWithRoutesInTheOrderOfFamilies) {
  const auto result = parse_result(form_of("0.1.0"), Version::newest(), "prevResult");

  ASSERT_EQ(result.ips.size(), 2U);
  EXPECT_EQ(result.ips[0].address.str(), "10.1.0.5/16");
  EXPECT_EQ(result.ips[1].address.str(), "fd00::5/64");
  EXPECT_FALSE(result.ips[0].interface);
  ASSERT_EQ(result.routes.size(), 2U);
  EXPECT_EQ(result.routes[0].dst.str(), "0.0.0.0/0");
  EXPECT_TRUE(result.interfaces.empty());
  EXPECT_EQ(result.dns.nameservers.size(), 2U);
}

TEST(ResultTest, KeepsAddressesHostBitsAndZeroIndexes) {
  const json document = json::parse(
      R"({"ips": [{"interface": 0, "address": "10.1.2.3/16"}],
          "routes": [{"dst": "10.0.0.0/8", "table": 0, "scope": 0}]})");

  const auto result = parse_result(document, Version::newest(), "result");

  EXPECT_EQ(result.ips.at(0).interface, 0U);
  EXPECT_EQ(result.ips.at(0).address.str(), "10.1.2.3/16");
  EXPECT_EQ(result.routes.at(0).table, 0U);
  EXPECT_EQ(result.routes.at(0).scope, 0U);
}

TEST(ResultTest, FaultsAreNamedByTheirPath) {
  struct Case {
    const char* document;
    ErrorCode code;
    const char* message;
  };
  const std::vector<Case> cases{
      {R"({"cniVersion": "9.0.0"})",
       ErrorCode::incompatible_version,
       "incompatible CNI versions: cniVersion '9.0.0' is not supported"},
      {R"({"ips": [{}]})",
       ErrorCode::invalid_config,
       "prevResult.ips[0].address: missing, but required"},
      {R"({"ips": [{"address": "10.1.0.5"}]})",
       ErrorCode::invalid_config,
       "prevResult.ips[0].address: '10.1.0.5' must be an address with a prefix length (CIDR)"},
      {R"({"ips": [{"address": "10.1.0.5/16", "interface": -1}]})",
       ErrorCode::invalid_config,
       "prevResult.ips[0].interface: -1 must be an integer from 0 to 4294967295"},
      {R"({"interfaces": {}})",
       ErrorCode::decoding_failure,
       "prevResult.interfaces: {} must be an array"},
      {R"({"routes": [{"dst": "10.0.0.0/8"}, {"gw": "10.1.0.1"}]})",
       ErrorCode::invalid_config,
       "prevResult.routes[1].dst: missing, but required"},
      {R"({"routes": [{"dst": "10.0.0.0/8", "gw": "fd00::1"}]})",
       ErrorCode::invalid_config,
       "prevResult.routes[0].gw: 'fd00::1' must be of the address family of dst '10.0.0.0/8'"},
      {R"({"cniVersion": "0.2.0", "ip4": {}})",
       ErrorCode::invalid_config,
       "prevResult.ip4.ip: missing, but required"},
      {R"({"dns": {"nameservers": "10.1.0.1"}})",
       ErrorCode::decoding_failure,
       "prevResult.dns.nameservers: '10.1.0.1' must be an array"}};
  for (const auto& [document, code, message] : cases) {
    const std::string_view text = document;
    const Error error =
        thrown_by([&] { (void)parse_result(text, Version::newest(), "prevResult"); });
    EXPECT_EQ(error.code(), code) << document;
    EXPECT_STREQ(error.what(), message);
  }
}

}  // namespace
}  // namespace patchbay::cni
