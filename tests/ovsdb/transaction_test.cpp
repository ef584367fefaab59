#include "ovsdb/transaction.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "ovsdb/remote.h"

namespace patchbay::ovsdb {
namespace {

TEST(UuidTest, DerivedOnesAreStable) {
  EXPECT_EQ(Uuid::derive("port", "net:c1:eth0").str(), Uuid::derive("port", "net:c1:eth0").str());
}

TEST(UuidTest, DerivedOnesDifferByPurposeAndName) {
  EXPECT_NE(Uuid::derive("port", "net:c1:eth0"), Uuid::derive("interface", "net:c1:eth0"));
  EXPECT_NE(Uuid::derive("port", "net:c1:eth0"), Uuid::derive("port", "net:c1:eth1"));
}

TEST(UuidTest, DerivedOnesSayThatTheyAreOfVersion8) {
  const auto text = Uuid::derive("port", "x").str();

  EXPECT_EQ(text[14], '8');
  EXPECT_NE(std::string{"89ab"}.find(text[19]), std::string::npos);
}

TEST(UuidTest, TextIsReadBack) {
  const auto uuid = Uuid::derive("port", "x");

  EXPECT_EQ(Uuid::find(uuid.str()), uuid);
}

TEST(UuidTest, OtherTextIsNone) {
  EXPECT_EQ(Uuid::find(""), std::nullopt);
  EXPECT_EQ(Uuid::find("00000000-0000-0000-0000-00000000000"), std::nullopt);
  EXPECT_EQ(Uuid::find("00000000-0000-0000-0000-0000000000000"), std::nullopt);
  EXPECT_EQ(Uuid::find("00000000-0000-0000-0000-00000000000g"), std::nullopt);
  EXPECT_EQ(Uuid::find("000000000-000-0000-0000-000000000000"), std::nullopt);
}

TEST(ValueTest, TextIsEscaped) {
  EXPECT_EQ(Value::text("a\"b\\c\n").json(), R"("a\"b\\c\n")");
}

TEST(ValueTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(Value::text("a\xff").json(), "\"a\xef\xbf\xbd\"");
}

TEST(ValueTest, CollectionsAreTagged) {
  EXPECT_EQ(Value::set({Value::number(1), Value::number(2)}).json(), R"(["set",[1,2]])");
  EXPECT_EQ(Value::set({}).json(), R"(["set",[]])");
  EXPECT_EQ(Value::map({{"a", "b"}}).json(), R"(["map",[["a","b"]]])");
}

TEST(TransactionTest, IdentitiesCanBeLeftOut) {
  Transaction transaction;
  const auto uuid = *Uuid::find("01234567-89ab-8def-8123-456789abcdef");
  transaction.insert("Port", uuid, {{"name", Value::text("p")}});

  EXPECT_EQ(
      transaction.params(true),
      R"(["Open_vSwitch",{"op":"insert","table":"Port",)"
      R"("uuid-name":"row_01234567_89ab_8def_8123_456789abcdef","row":{"name":"p"},)"
      R"("uuid":"01234567-89ab-8def-8123-456789abcdef"}])");
  EXPECT_EQ(
      transaction.params(false),
      R"(["Open_vSwitch",{"op":"insert","table":"Port",)"
      R"("uuid-name":"row_01234567_89ab_8def_8123_456789abcdef","row":{"name":"p"}}])");
}

TEST(TransactionTest, WaitTellsRowsAndTime) {
  Transaction transaction;
  transaction.wait(
      {.table = "Bridge",
       .where = {{"name", "==", Value::text("b")}},
       .columns = {"name"},
       .until_equal = false,
       .rows = {{{"name", Value::text("b")}}},
       .timeout = std::chrono::milliseconds{7}});

  EXPECT_EQ(
      transaction.params(true),
      R"(["Open_vSwitch",{"op":"wait","table":"Bridge","timeout":7,"where":[["name","==","b"]],)"
      R"("columns":["name"],"until":"!=","rows":[{"name":"b"}]}])");
  EXPECT_EQ(transaction.longest_wait(), std::chrono::milliseconds{7});
}

TEST(RemoteTest, EveryFormIsAccepted) {
  const auto remotes =
      parse_remotes("unix:/a/b, /c/d,tcp:1.2.3.4,tcp:1.2.3.4:5,ssl:[::1],ssl:[fd00::1]:6640");

  const std::vector<std::string> wanted{
      "unix:/a/b", "unix:/c/d", "tcp:1.2.3.4", "tcp:1.2.3.4:5", "ssl:[::1]", "ssl:[fd00::1]:6640"};
  EXPECT_EQ(remotes, wanted);
}

TEST(RemoteTest, AnythingElseIsRefused) {
  for (const std::string text :
       {"",
        ",",
        "db.sock",
        "unix:db.sock",
        "tcp:localhost",
        "tcp:localhost:6640",
        "tcp:1.2.3.4:",
        "tcp:1.2.3.4:0",
        "tcp:1.2.3.4:65536",
        "tcp:::1",
        "tcp:[::1",
        "tcp:[1.2.3.4]",
        "udp:1.2.3.4"}) {
    EXPECT_THROW(parse_remotes(text), Error) << text;
  }
}

TEST(RemoteTest, PathTooLongForASocketIsRefused) {
  EXPECT_THROW(parse_remotes("/" + std::string(107, 'x')), Error);
  EXPECT_NO_THROW(parse_remotes("/" + std::string(106, 'x')));
}

TEST(RemoteTest, RunDirectoryIsThatOfTheFirstSocket) {
  EXPECT_EQ(run_directory({.remotes = "tcp:1.2.3.4,unix:/a/b/db.sock"}), "/a/b");
  EXPECT_EQ(run_directory({.remotes = "tcp:1.2.3.4"}), "/var/run/openvswitch");
}

}  // namespace
}  // namespace patchbay::ovsdb
