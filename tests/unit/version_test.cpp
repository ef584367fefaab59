#include "cni/version.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay::cni {
namespace {

using test::thrown_by;

TEST(VersionTest, KnowsAllSevenInTheOrderOfAge) {
  for (std::size_t i = 0; i < kVersions.size(); ++i) {
    EXPECT_EQ(Version::parse(kVersions.at(i)).str(), kVersions.at(i));
    EXPECT_TRUE(i == 0 || Version::parse(kVersions.at(i - 1)) < Version::parse(kVersions.at(i)));
  }
  EXPECT_EQ(Version::newest().str(), "1.1.0");
}

TEST(VersionTest, AbsentIsTheOldest) {
  EXPECT_EQ(Version::parse("").str(), "0.1.0");
}

TEST(VersionTest, NamesItsTurningPoints) {
  EXPECT_EQ(Version::with_interfaces().str(), "0.3.0");
  EXPECT_EQ(Version::with_check().str(), "0.4.0");
  EXPECT_EQ(Version::without_ip_version().str(), "1.0.0");
  EXPECT_EQ(Version::with_gc_and_status().str(), "1.1.0");
  EXPECT_EQ(Version::with_mtu_and_metrics().str(), "1.1.0");
}

TEST(VersionTest, RefusesWhateverIsNotExactlyOneOfThem) {
  for (const char* text : {"1.0", "1.2.0", "1.0.0-rc1", "v1.0.0", " 1.0.0", "0.0.0", "latest"}) {
    const Error error = thrown_by([&] { Version::parse(text); });
    EXPECT_EQ(error.code(), ErrorCode::incompatible_version) << text;
    EXPECT_EQ(
        error.details(),
        "config is \"" + std::string{text} +
            "\", plugin supports [\"0.1.0\" \"0.2.0\" \"0.3.0\" \"0.3.1\" \"0.4.0\" \"1.0.0\" "
            "\"1.1.0\"]");
  }
}

}  // namespace
}  // namespace patchbay::cni
