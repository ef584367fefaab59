#include "cni/keys.h"

#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/types.h"
#include "cni/config.h"
#include "support/thrown.h"

namespace patchbay::cni {
namespace {

using test::thrown_by;

/// A little of everything that configurations are made of.
struct Sample {
  bool flag = false;
  std::string text = "default";
  std::string choice = "one";
  std::uint32_t number = 7;
  std::optional<std::uint32_t> maybe;
  std::uint32_t mtu = 0;
  bool mtu_auto = false;
  std::optional<IfName> ifname;
  std::vector<std::string> texts;
  std::string inner;
  std::vector<std::uint32_t> ids;
  std::vector<std::vector<std::string>> sets;
};

void declare(Keys& keys, Sample& sample) {
  keys.flag("flag", sample.flag, "a flag");
  keys.text("text", sample.text, "a text");
  keys.choice("choice", sample.choice, {"one", "two"}, "a choice");
  keys.number("number", sample.number, {1, 4094}, "a number");
  keys.number("maybe", sample.maybe, {0, 0xffffffff}, "perhaps a number");
  keys.number_or("mtu", sample.mtu, {0, 65535}, {"auto", sample.mtu_auto}, "a number or a word");
  keys.parsed(
      "ifname",
      Format::ifname,
      [&](const std::string& text) { sample.ifname = IfName::parse(text); },
      "an interface");
  keys.texts(
      "texts",
      Format::text,
      [&](const std::string& text) { sample.texts.push_back(text); },
      "texts");
  keys.object(
      "object",
      [&](Keys& nested) {
        nested.text("inner", sample.inner, "inside");
        nested.required("inner");
      },
      "an object");
  keys.objects(
      "objects",
      [&](Keys& item) {
        std::uint32_t id = 0;
        item.number("id", id, {1, 9}, "an id");
        sample.ids.push_back(id);
      },
      "objects");
  keys.nested_objects(
      "sets",
      [&] { sample.sets.emplace_back(); },
      [&](Keys& item) {
        std::string name;
        item.text("name", name, "a name");
        sample.sets.back().push_back(name);
      },
      "sets of objects");
}

Sample read(const std::string& document) {
  Sample sample;
  Config::parse(document).read([&](Keys& keys) { declare(keys, sample); });
  return sample;
}

TEST(KeysTest, AbsentAndNullLeaveTheDefault) {
  for (const char* document :
       {"{}",
        R"({"flag": null, "text": null, "choice": null, "number": null, "maybe": null, "mtu": null,
            "ifname": null, "texts": null, "object": null, "objects": null, "sets": null})"}) {
    const Sample sample = read(document);
    EXPECT_FALSE(sample.flag);
    EXPECT_EQ(sample.text, "default");
    EXPECT_EQ(sample.choice, "one");
    EXPECT_EQ(sample.number, 7U);
    EXPECT_FALSE(sample.maybe);
    EXPECT_EQ(sample.mtu, 0U);
    EXPECT_FALSE(sample.mtu_auto);
    EXPECT_FALSE(sample.ifname);
    EXPECT_TRUE(sample.texts.empty());
    EXPECT_TRUE(sample.ids.empty());
    EXPECT_TRUE(sample.sets.empty());
  }
}

TEST(KeysTest, ReadsEveryKind) {
  const Sample sample = read(R"({
      "flag": true, "text": "t", "choice": "two", "number": 4094, "maybe": 0, "mtu": "auto",
      "ifname": "eth0", "texts": ["a", "b"], "object": {"inner": "i"},
      "objects": [{"id": 1}, {"id": 9}], "sets": [[{"name": "x"}, {"name": "y"}], []]})");

  EXPECT_TRUE(sample.flag);
  EXPECT_EQ(sample.text, "t");
  EXPECT_EQ(sample.choice, "two");
  EXPECT_EQ(sample.number, 4094U);
  EXPECT_EQ(sample.maybe, 0U);
  EXPECT_TRUE(sample.mtu_auto);
  EXPECT_EQ(sample.ifname->str(), "eth0");
  EXPECT_EQ(sample.texts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sample.inner, "i");
  EXPECT_EQ(sample.ids, (std::vector<std::uint32_t>{1, 9}));
  EXPECT_EQ(sample.sets, (std::vector<std::vector<std::string>>{{"x", "y"}, {}}));
}

TEST(KeysTest, LetterCaseDoesNotMatterButTheExactSpellingWins) {
  EXPECT_EQ(read(R"({"TEXT": "t", "Number": 8})").text, "t");
  EXPECT_EQ(read(R"({"TEXT": "t", "Number": 8})").number, 8U);
  EXPECT_EQ(read(R"({"TEXT": "upper", "text": "exact"})").text, "exact");
  EXPECT_EQ(read(R"({"text": "exact", "TEXT": "upper"})").text, "exact");
}

TEST(KeysTest, LastDuplicateWins) {
  EXPECT_EQ(read(R"({"number": 1, "number": 2})").number, 2U);
}

TEST(KeysTest, UnknownKeysAreIgnored) {
  EXPECT_EQ(read(R"({"unknown": {"deep": [1]}, "number": 2})").number, 2U);
}

// libcni carries numbers as float64.
TEST(KeysTest, FloatsThatAreIntegersAreNumbers) {
  EXPECT_EQ(read(R"({"number": 1500.0})").number, 1500U);
  EXPECT_EQ(read(R"({"number": 1.5e3})").number, 1500U);
  EXPECT_EQ(read(R"({"maybe": 4.294967295e9})").maybe, 4294967295U);
  EXPECT_EQ(read(R"({"mtu": 9e3})").mtu, 9000U);
}

struct Refusal {
  const char* document;
  ErrorCode code;
  const char* message;
};

class KeysRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(KeysRefusalTest, NamesThePathAndQuotesTheValue) {
  const Error error = thrown_by([&] { read(GetParam().document); });

  EXPECT_EQ(error.code(), GetParam().code);
  EXPECT_STREQ(error.what(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    WrongTypes,
    KeysRefusalTest,
    testing::Values(
        Refusal{R"({"flag": 1})", ErrorCode::decoding_failure, "flag: 1 must be true or false"},
        Refusal{
            R"({"flag": "true"})",
            ErrorCode::decoding_failure,
            "flag: 'true' must be true or false"},
        Refusal{R"({"text": 5})", ErrorCode::decoding_failure, "text: 5 must be a string"},
        Refusal{
            R"({"text": ["a"]})", ErrorCode::decoding_failure, R"(text: ["a"] must be a string)"},
        Refusal{
            R"({"number": "8"})",
            ErrorCode::decoding_failure,
            "number: '8' must be an integer from 1 to 4094"},
        Refusal{
            R"({"mtu": "most"})",
            ErrorCode::decoding_failure,
            R"(mtu: 'most' must be an integer from 0 to 65535, or "auto")"},
        Refusal{
            R"({"mtu": true})",
            ErrorCode::decoding_failure,
            R"(mtu: true must be an integer from 0 to 65535, or "auto")"},
        Refusal{R"({"texts": "a"})", ErrorCode::decoding_failure, "texts: 'a' must be an array"},
        Refusal{
            R"({"texts": ["a", 1]})", ErrorCode::decoding_failure, "texts[1]: 1 must be a string"},
        Refusal{R"({"object": []})", ErrorCode::decoding_failure, "object: [] must be an object"},
        Refusal{
            R"({"object": {"inner": 1}})",
            ErrorCode::decoding_failure,
            "object.inner: 1 must be a string"},
        Refusal{R"({"objects": {}})", ErrorCode::decoding_failure, "objects: {} must be an array"},
        Refusal{
            R"({"objects": [{}, 1]})",
            ErrorCode::decoding_failure,
            "objects[1]: 1 must be an object"},
        Refusal{
            R"({"sets": [[], {}]})", ErrorCode::decoding_failure, "sets[1]: {} must be an array"},
        Refusal{
            R"({"sets": [[{}, {"name": 1}]]})",
            ErrorCode::decoding_failure,
            "sets[0][1].name: 1 must be a string"}));

INSTANTIATE_TEST_SUITE_P(
    ImpossibleValues,
    KeysRefusalTest,
    testing::Values(
        Refusal{
            R"({"number": 0})",
            ErrorCode::invalid_config,
            "number: 0 must be an integer from 1 to 4094"},
        Refusal{
            R"({"number": -1})",
            ErrorCode::invalid_config,
            "number: -1 must be an integer from 1 to 4094"},
        Refusal{
            R"({"number": 4095})",
            ErrorCode::invalid_config,
            "number: 4095 must be an integer from 1 to 4094"},
        Refusal{
            R"({"number": 1.5})",
            ErrorCode::invalid_config,
            "number: 1.5 must be an integer from 1 to 4094"},
        Refusal{
            R"({"number": 1e300})",
            ErrorCode::invalid_config,
            "number: 1e+300 must be an integer from 1 to 4094"},
        Refusal{
            R"({"number": 18446744073709551615})",
            ErrorCode::invalid_config,
            "number: 18446744073709551615 must be an integer from 1 to 4094"},
        Refusal{
            R"({"maybe": 4294967296})",
            ErrorCode::invalid_config,
            "maybe: 4294967296 must be an integer from 0 to 4294967295"},
        Refusal{
            R"({"mtu": 65536})",
            ErrorCode::invalid_config,
            "mtu: 65536 must be an integer from 0 to 65535"},
        Refusal{
            R"({"choice": "three"})",
            ErrorCode::invalid_config,
            R"(choice: 'three' must be one of "one", "two")"},
        Refusal{
            R"({"ifname": "a/b"})",
            ErrorCode::invalid_config,
            "ifname: interface name 'a/b' must not contain '/', ':' or white space"},
        Refusal{
            R"({"object": {}})", ErrorCode::invalid_config, "object.inner: missing, but required"},
        Refusal{
            R"({"objects": [{"id": 1}, {"id": 10}]})",
            ErrorCode::invalid_config,
            "objects[1].id: 10 must be an integer from 1 to 9"}));

TEST(KeysSchemaTest, DescribesWhatIsRead) {
  nlohmann::json schema;
  Keys keys = Keys::describing(schema);
  Sample sample;

  declare(keys, sample);

  EXPECT_EQ(schema, nlohmann::json::parse(R"({
      "properties": {
        "flag": {"type": "boolean", "default": false, "description": "a flag"},
        "text": {"type": "string", "default": "default", "description": "a text"},
        "choice": {"type": "string", "default": "one", "enum": ["one", "two"],
                   "description": "a choice"},
        "number": {"type": "integer", "minimum": 1, "maximum": 4094, "default": 7,
                   "description": "a number"},
        "maybe": {"type": "integer", "minimum": 0, "maximum": 4294967295,
                  "description": "perhaps a number"},
        "mtu": {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 65535}, {"const": "auto"}],
                "description": "a number or a word"},
        "ifname": {"type": "string", "format": "interface-name", "description": "an interface"},
        "texts": {"type": "array", "items": {"type": "string"}, "description": "texts"},
        "object": {"type": "object", "description": "an object", "required": ["inner"],
                   "properties": {"inner": {"type": "string", "description": "inside"}}},
        "objects": {"type": "array", "description": "objects",
                    "items": {"type": "object",
                              "properties": {"id": {"type": "integer", "minimum": 1, "maximum": 9,
                                                    "default": 0, "description": "an id"}}}},
        "sets": {"type": "array", "description": "sets of objects",
                 "items": {"type": "array",
                           "items": {"type": "object",
                                     "properties": {"name": {"type": "string",
                                                             "description": "a name"}}}}}
      }})"));
}

}  // namespace
}  // namespace patchbay::cni
