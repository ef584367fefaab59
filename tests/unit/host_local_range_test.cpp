#include <gtest/gtest.h>

#include "base/error.h"
#include "host-local/range.h"

namespace patchbay::hostlocal {
namespace {

/// "10.1.0.0/24" from its default first to its default last address.
Range make_range(const std::string& cidr, const std::vector<std::string>& excluded = {}) {
  const IpPrefix subnet = IpPrefix::parse(cidr);
  const bool v6 = subnet.is_v6();
  const IpAddr second{v6, subnet.first().value() + 1};
  const IpAddr usable{v6, subnet.last().value() - (v6 ? 0 : 1)};
  Range range{subnet, second, {second, usable}, {}, "ipam.subnet"};
  for (const auto& text : excluded) {
    range.excluded.push_back(parse_span(text));
  }
  return range;
}

std::string text_of(const std::vector<Span>& spans) {
  std::string text;
  for (const Span& span : spans) {
    text += (text.empty() ? "" : " ") + span.str();
  }
  return text;
}

TEST(ParseSpan, ReadsAddressPrefixAndRange) {
  EXPECT_EQ(parse_span("10.1.0.10").str(), "10.1.0.10-10.1.0.10");
  EXPECT_EQ(parse_span("10.1.0.64/28").str(), "10.1.0.64-10.1.0.79");
  EXPECT_EQ(parse_span("10.1.0.100-10.1.0.110").str(), "10.1.0.100-10.1.0.110");
  EXPECT_EQ(parse_span("fd00::/120").str(), "fd00::-fd00::ff");
}

class BadSpan : public testing::TestWithParam<std::string> {};

TEST_P(BadSpan, IsRefusedAndQuoted) {
  try {
    parse_span(GetParam());
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_config);
    EXPECT_NE(std::string{e.what()}.find('\''), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts,
    BadSpan,
    testing::Values(
        "",
        "10.1.0",
        "10.1.0.65/28",
        "10.1.0.0/33",
        "10.1.0.9-10.1.0.8",
        "10.1.0.1-fd00::1",
        "10.1.0.1-",
        "-10.1.0.1",
        "10.1.0.1-2",
        "10.1.0.01"));

TEST(FreeSpans, LeavesOutTheGateway) {
  EXPECT_EQ(text_of(make_range("10.1.0.0/24").free_spans()), "10.1.0.2-10.1.0.254");
}

TEST(FreeSpans, KeepsWhatIsBeforeAGatewayInTheMiddle) {
  Range range = make_range("10.1.0.0/29");
  range.gateway = IpAddr::parse("10.1.0.3");

  EXPECT_EQ(text_of(range.free_spans()), "10.1.0.1-10.1.0.2 10.1.0.4-10.1.0.6");
}

TEST(FreeSpans, IgnoresAGatewayElsewhere) {
  Range range = make_range("10.1.0.0/29");
  range.gateway = IpAddr::parse("10.9.9.9");

  EXPECT_EQ(text_of(range.free_spans()), "10.1.0.1-10.1.0.6");
}

TEST(FreeSpans, LeavesOutExcludedOnesHoweverTheyOverlap) {
  const Range range = make_range(
      "10.1.0.0/24", {"10.1.0.20-10.1.0.40", "10.1.0.10", "10.1.0.30-10.1.0.50", "10.1.0.35"});

  EXPECT_EQ(
      text_of(range.free_spans()), "10.1.0.2-10.1.0.9 10.1.0.11-10.1.0.19 10.1.0.51-10.1.0.254");
}

TEST(FreeSpans, AreNoneWhenEverythingIsExcluded) {
  EXPECT_EQ(text_of(make_range("10.1.0.0/24", {"10.1.0.0/24"}).free_spans()), "");
}

TEST(FreeSpans, EndAtTheHighestAddressThereIs) {
  const Range range =
      make_range("ffff:ffff:ffff:ffff::/64", {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});

  EXPECT_EQ(
      text_of(range.free_spans()),
      "ffff:ffff:ffff:ffff::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
}

TEST(RangeSetWalk, BeginsAtTheBeginning) {
  const RangeSet set{{make_range("10.1.0.0/30"), make_range("10.2.0.0/29")}};

  EXPECT_EQ(text_of(set.walk({})), "10.1.0.2-10.1.0.2 10.2.0.2-10.2.0.6");
}

TEST(RangeSetWalk, GoesRoundFromTheAddressAfterTheLast) {
  const RangeSet set{{make_range("10.1.0.0/29"), make_range("10.2.0.0/29")}};

  EXPECT_EQ(
      text_of(set.walk(IpAddr::parse("10.1.0.4"))),
      "10.1.0.5-10.1.0.6 10.2.0.2-10.2.0.6 10.1.0.2-10.1.0.4");
  EXPECT_EQ(text_of(set.walk(IpAddr::parse("10.2.0.6"))), "10.1.0.2-10.1.0.6 10.2.0.2-10.2.0.6");
}

TEST(RangeSetWalk, GoesOnFromAnExcludedLast) {
  const RangeSet set{{make_range("10.1.0.0/28", {"10.1.0.4-10.1.0.8"})}};

  EXPECT_EQ(text_of(set.walk(IpAddr::parse("10.1.0.6"))), "10.1.0.9-10.1.0.14 10.1.0.2-10.1.0.3");
}

TEST(RangeSetWalk, BeginsAnewWhenTheLastIsNotInTheSet) {
  const RangeSet set{{make_range("10.1.0.0/29")}};

  EXPECT_EQ(text_of(set.walk(IpAddr::parse("10.9.0.4"))), "10.1.0.2-10.1.0.6");
  EXPECT_EQ(text_of(set.walk(IpAddr::parse("fd00::1"))), "10.1.0.2-10.1.0.6");
}

TEST(RangeSet, FindsTheRangeOfAnAddress) {
  const RangeSet set{{make_range("10.1.0.0/29"), make_range("10.2.0.0/29")}};

  EXPECT_EQ(set.find(IpAddr::parse("10.2.0.3")), &set.ranges[1]);
  EXPECT_EQ(set.find(IpAddr::parse("10.1.0.7")), nullptr);
  EXPECT_EQ(set.find(IpAddr::parse("::a01:3")), nullptr);
}

TEST(RangeSet, IsWrittenAsTheReferenceWritesIt) {
  const RangeSet set{{make_range("10.1.0.0/29"), make_range("10.2.0.0/29")}};

  EXPECT_EQ(set.str(), "10.1.0.1-10.1.0.6,10.2.0.1-10.2.0.6");
}

}  // namespace
}  // namespace patchbay::hostlocal
