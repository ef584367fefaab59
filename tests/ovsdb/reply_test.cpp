#include "ovsdb/reply.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace patchbay::ovsdb {
namespace {

constexpr const char* kUuid = "01234567-89ab-8def-8123-456789abcdef";

Row row_of(const std::string& columns) {
  return Reply::parse(R"([{"rows":[)" + columns + "]}]", 1).rows(0).front();
}

TEST(ReplyTest, CompleteAnswerIsNoRefusal) {
  const auto reply = Reply::parse(R"([{},{"count":2}])", 2);

  EXPECT_FALSE(reply.refusal());
  EXPECT_EQ(reply.count(1), 2U);
}

TEST(ReplyTest, FailedOperationIsTold) {
  const auto reply = Reply::parse(R"([{},{"error":"timed out","details":"why"},null])", 3);

  ASSERT_TRUE(reply.refusal());
  EXPECT_EQ(reply.refusal()->operation, 1U);
  EXPECT_EQ(reply.refusal()->error, "timed out");
  EXPECT_EQ(reply.refusal()->details, "why");
}

TEST(ReplyTest, ElementPastTheEndIsRead) {
  const auto reply =
      Reply::parse(R"([{"count":1},{"error":"constraint violation","details":"name"}])", 1);

  ASSERT_TRUE(reply.refusal());
  EXPECT_EQ(reply.refusal()->operation, 1U);
}

TEST(ReplyTest, IncompleteAnswersAreRefused) {
  EXPECT_THROW(Reply::parse("[{}]", 2), Error);
  EXPECT_THROW(Reply::parse("[{},null]", 2), Error);
  EXPECT_THROW(Reply::parse("[{},{}]", 1), Error);
  EXPECT_THROW(Reply::parse("[{},{},{}]", 1), Error);
  EXPECT_THROW(Reply::parse("{}", 0), Error);
  EXPECT_THROW(Reply::parse("nonsense", 0), Error);
}

TEST(ReplyTest, PassingRefusalSaysTryAgain) {
  try {
    Refusal{0, "timed out", "why"}.raise("do it");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::try_again_later);
    EXPECT_STREQ(e.what(), "do it: timed out (why)");
  }
}

TEST(ReplyTest, LastingRefusalDoesNot) {
  try {
    Refusal{0, "constraint violation", ""}.raise("do it");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::io_failure);
    EXPECT_STREQ(e.what(), "do it: constraint violation");
  }
}

TEST(RowTest, SetsOfNoneOneAndMore) {
  const auto row = row_of(R"({"none":["set",[]],"one":7,"two":["set",[1,2]]})");

  EXPECT_EQ(row.numbers("none"), std::vector<std::int64_t>{});
  EXPECT_EQ(row.numbers("one"), std::vector<std::int64_t>{7});
  EXPECT_EQ(row.numbers("two"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(row.number("none"), std::nullopt);
  EXPECT_EQ(row.number("one"), 7);
  EXPECT_EQ(row.number("absent"), std::nullopt);
}

TEST(RowTest, MapsAndReferences) {
  const std::string uuid = std::string{R"(["uuid",")"} + kUuid + "\"]";
  const auto row = row_of(R"({"_uuid":)" + uuid + R"(,"m":["map",[["a","b"]]],"r":)" + uuid + "}");

  EXPECT_EQ(row.map("m"), (std::map<std::string, std::string>{{"a", "b"}}));
  EXPECT_EQ(row.rows("r"), std::vector<Uuid>{*Uuid::find(kUuid)});
  EXPECT_EQ(row.uuid().str(), kUuid);
}

TEST(RowTest, ColumnsOfAnotherTypeAreRefused) {
  const auto row = row_of(R"({"c":["map",[]],"t":1,"m":"x","s":["set",1],"r":["uuid","x"]})");

  EXPECT_THROW((void)row.text("t"), Error);
  EXPECT_THROW((void)row.number("m"), Error);
  EXPECT_THROW((void)row.map("m"), Error);
  EXPECT_THROW((void)row.numbers("s"), Error);
  EXPECT_THROW((void)row.rows("r"), Error);
  EXPECT_THROW((void)row.uuid(), Error);
}

}  // namespace
}  // namespace patchbay::ovsdb
