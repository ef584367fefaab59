#include "base/types.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay {
namespace {

using test::thrown_by;

TEST(IfNameTest, TakesWhatTheKernelTakes) {
  for (const char* text : {"a", "eth0", "abcdefghijklmno", "br-1.2_3", "veth@1", "..."}) {
    EXPECT_EQ(IfName::parse(text).str(), text);
  }
}

TEST(IfNameTest, NamesTheRuleThatWasBroken) {
  struct Case {
    std::string_view given;
    const char* fault;
  };
  const std::vector<Case> cases{
      {"", "must not be empty"},
      {"abcdefghijklmnop", "must be at most 15 bytes long"},
      {".", "must not be '.' or '..'"},
      {"..", "must not be '.' or '..'"},
      {"a/b", "must not contain '/', ':' or white space"},
      {"a:b", "must not contain '/', ':' or white space"},
      {"a b", "must not contain '/', ':' or white space"},
      {"a\tb", "must not contain '/', ':' or white space"},
      {"a\n", "must not contain '/', ':' or white space"},
      {"a\xc2\xa0", "must not contain '/', ':' or white space"},
      {"a\xc2\x85", "must not contain '/', ':' or white space"},
      {std::string_view{"a\0b", 3}, "must not contain '/', ':' or white space"}};
  for (const auto& [given, fault] : cases) {
    EXPECT_EQ(ifname_fault(given).value_or("nothing"), fault) << quote(given);
    const Error error = thrown_by([&, name = given] { IfName::parse(name); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_config);
    EXPECT_EQ(error.what(), "interface name " + quote(given) + " " + fault);
  }
}

TEST(MacAddrTest, ReadsTheThreeNotations) {
  for (const char* text : {"0a:1B:2c:3d:4E:5f", "0a-1b-2c-3d-4e-5f", "0a1b.2c3d.4e5f"}) {
    EXPECT_EQ(MacAddr::parse(text).str(), "0a:1b:2c:3d:4e:5f") << text;
  }
}

TEST(MacAddrTest, RefusesEverythingElse) {
  for (const char* text :
       {"",
        "0a",
        "0a:1b:2c:3d:4e",
        "0a:1b:2c:3d:4e:5f:60",
        "0a:1b:2c:3d:4e:5f:60:71",
        "0a1b2c3d4e5f",
        "0a:1b-2c:3d:4e:5f",
        "0a:1b:2c:3d:4e:5g",
        "a:1b:2c:3d:4e:5f",
        "0a:1b:2c:3d:4e:5f ",
        "0a:1b:2c:3d:4e:5f:",
        "00:00:00:00:00:00",
        "01:00:5e:00:00:01",
        "ff:ff:ff:ff:ff:ff"}) {
    EXPECT_FALSE(MacAddr::find(text)) << text;
    const Error error = thrown_by([&] { MacAddr::parse(text); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_config) << text;
  }
}

}  // namespace
}  // namespace patchbay
