#include "base/ip.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay {
namespace {

using test::thrown_by;

TEST(IpAddrTest, PrintsTheCanonicalText) {
  struct Case {
    const char* given;
    const char* printed;
  };
  const std::vector<Case> cases{
      {"10.1.0.5", "10.1.0.5"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"FD00:0:0:0:0:0:0:5", "fd00::5"},
      {"fd00:0:0:1::", "fd00:0:0:1::"},
      {"::1:2", "::1:2"},
      {"::ffff:10.0.0.1", "10.0.0.1"},
      {"fe80::1", "fe80::1"}};
  for (const auto& [given, printed] : cases) {
    EXPECT_EQ(IpAddr::parse(given).str(), printed) << given;
  }
}

TEST(IpAddrTest, FindsNothingInWhatIsNoAddress) {
  for (const char* text :
       {"",
        " 10.0.0.1",
        "10.0.0.1 ",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.01",
        "1.2.3.4.5",
        "fe80::1%eth0",
        ":::",
        "1::2::3",
        "12345::",
        "localhost",
        "10.0.0.1/24"}) {
    EXPECT_FALSE(IpAddr::find(text)) << text;
  }
  EXPECT_FALSE(IpAddr::find(std::string_view{"10.0.0.1\0", 9}));
}

TEST(IpAddrTest, ParseQuotesWhatIsNoAddress) {
  const Error error = thrown_by([] { IpAddr::parse("nowhere"); });

  EXPECT_EQ(error.code(), ErrorCode::invalid_config);
  EXPECT_STREQ(error.what(), "'nowhere' must be an IP address");
}

TEST(IpAddrTest, OrdersNumericallyWithIpv4First) {
  EXPECT_LT(IpAddr::parse("9.255.0.0"), IpAddr::parse("10.0.0.0"));
  EXPECT_LT(IpAddr::parse("255.255.255.255"), IpAddr::parse("::"));
  EXPECT_LT(IpAddr::parse("fd00::9"), IpAddr::parse("fd00::10"));
}

TEST(IpAddrTest, BytesAreInNetworkOrder) {
  const auto v4 = IpAddr::parse("10.1.2.3").bytes();
  const auto v6 = IpAddr::parse("fd00::102").bytes();

  EXPECT_EQ(v4[0], 10);
  EXPECT_EQ(v4[3], 3);
  EXPECT_EQ(v6[0], 0xfd);
  EXPECT_EQ(v6[15], 2);
  EXPECT_EQ(IpAddr::from_bytes(v6.data(), true), IpAddr::parse("fd00::102"));
}

TEST(IpPrefixTest, KeepsHostBits) {
  const auto prefix = IpPrefix::parse("10.1.2.3/16");

  EXPECT_EQ(prefix.str(), "10.1.2.3/16");
  EXPECT_EQ(prefix.network().str(), "10.1.0.0/16");
  EXPECT_EQ(prefix.first().str(), "10.1.0.0");
  EXPECT_EQ(prefix.last().str(), "10.1.255.255");
}

TEST(IpPrefixTest, KnowsItsEndsAtTheExtremes) {
  EXPECT_EQ(IpPrefix::parse("0.0.0.0/0").last().str(), "255.255.255.255");
  EXPECT_EQ(IpPrefix::parse("::/0").last().str(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(IpPrefix::parse("10.0.0.1/32").first(), IpPrefix::parse("10.0.0.1/32").last());
  EXPECT_TRUE(IpPrefix::parse("::/0").is_default());
  EXPECT_FALSE(IpPrefix::parse("::/1").is_default());
}

TEST(IpPrefixTest, ContainsOnlyItsOwnFamily) {
  const auto prefix = IpPrefix::parse("10.1.0.0/16");

  EXPECT_TRUE(prefix.contains(IpAddr::parse("10.1.255.255")));
  EXPECT_FALSE(prefix.contains(IpAddr::parse("10.2.0.0")));
  EXPECT_FALSE(IpPrefix::parse("::/0").contains(IpAddr::parse("10.1.0.1")));
}

TEST(IpPrefixTest, RefusesWhatIsNoCidr) {
  for (const char* text :
       {"",
        "10.0.0.1",
        "10.0.0.1/",
        "10.0.0.1/33",
        "10.0.0.1/-1",
        "10.0.0.1/+8",
        "10.0.0.1/08",
        "10.0.0.1/8x",
        "10.0.0.1/8/8",
        "/8",
        "fd00::/129",
        "10.0.0.1/99999999999999999999"}) {
    const Error error = thrown_by([&] { IpPrefix::parse(text); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_config) << text;
    EXPECT_EQ(error.what(), quote(text) + " must be an address with a prefix length (CIDR)");
  }
}

}  // namespace
}  // namespace patchbay
