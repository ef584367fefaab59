#include "patchbay/request.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay::runner {
namespace {

using nlohmann::json;
using test::thrown_by;

NetworkList list_of(const std::string& plugin) {
  return parse_conflist(R"({"name":"n","cniVersion":"1.0.0","plugins":[)" + plugin + "]}", "f", "");
}

json request(const std::string& plugin, const RequestParts& parts) {
  return json::parse(make_request(list_of(plugin), 0, parts));
}

TEST(RequestTest, CarriesNameAndVersionOfTheNetwork) {
  EXPECT_EQ(
      request(R"({"type":"p","x":[1]})", {}),
      json::parse(R"({"type":"p","x":[1],"name":"n","cniVersion":"1.0.0"})"));
}

TEST(RequestTest, IntegersStayIntegers) {
  const std::string text = make_request(
      list_of(R"({"type":"p","big":9007199254740993,"huge":18446744073709551615})"), 0, {});

  EXPECT_NE(text.find("9007199254740993"), std::string::npos) << text;
  EXPECT_NE(text.find("18446744073709551615"), std::string::npos) << text;
}

TEST(RequestTest, CapabilitiesThatAreDeclaredTrueAndGivenGetThrough) {
  const auto sent = request(
      R"({"type":"p","capabilities":{"mac":true,"ips":false,"other":true},"runtimeConfig":{"old":1}})",
      {.capabilities = R"({"mac":"m","ips":["i"],"unknown":1})"});

  EXPECT_EQ(sent["runtimeConfig"], json::parse(R"({"mac":"m"})"));
}

TEST(RequestTest, ValidAttachmentsGoUnderBothNames) {
  const auto sent =
      request(R"({"type":"p"})", {.valid_attachments = std::vector<Owner>{{"n", "c1", "eth0"}}});

  const auto expected = json::parse(R"([{"containerID":"c1","ifname":"eth0"}])");
  EXPECT_EQ(sent["cni.dev/valid-attachments"], expected);
  EXPECT_EQ(sent["cni.dev/attachments"], expected);
}

TEST(RequestTest, ResultWithoutVersionHasThatOfTheNetwork) {
  EXPECT_EQ(
      json::parse(read_result("{}", cni::Version::parse("0.4.0"))),
      json::parse(R"({"cniVersion":"0.4.0"})"));
}

TEST(RequestTest, RubbishIsNoResult) {
  for (const char* text : {"", "hello", "[]", "{", R"({"cniVersion":3})"}) {
    EXPECT_EQ(
        thrown_by([&] { read_result(text, cni::Version::newest()); }).code(),
        ErrorCode::decoding_failure)
        << text;
  }
  EXPECT_EQ(
      thrown_by([] { read_result(R"({"cniVersion":"7.0.0"})", cni::Version::newest()); }).code(),
      ErrorCode::incompatible_version);
}

TEST(RequestTest, ResultIsConvertedToAnotherVersionOnly) {
  const std::string odd = R"({"cniVersion":"1.0.0","odd":1})";

  EXPECT_EQ(convert_result(odd, cni::Version::parse("1.0.0")), odd);
  EXPECT_EQ(
      json::parse(convert_result(
          R"({"cniVersion":"1.0.0","ips":[{"address":"10.0.0.1/8"}]})",
          cni::Version::parse("0.4.0")))["ips"][0]["version"],
      "4");
}

}  // namespace
}  // namespace patchbay::runner
