#include "patchbay/spelling.h"

#include <gtest/gtest.h>

namespace patchbay::runner {
namespace {

const std::vector<std::string> kKeys{"ipMasq", "isGateway", "mtu", "isDefaultGateway"};

TEST(SpellingTest, FindsMissingAddedOtherAndSwappedLetters) {
  EXPECT_EQ(closest("ipMsq", kKeys), "ipMasq");
  EXPECT_EQ(closest("ipMassq", kKeys), "ipMasq");
  EXPECT_EQ(closest("isGatewey", kKeys), "isGateway");
  EXPECT_EQ(closest("mut", kKeys), "mtu");
}

TEST(SpellingTest, LetterCaseCostsNothing) {
  EXPECT_EQ(closest("ISGATEWY", kKeys), "isGateway");
}

TEST(SpellingTest, WhatIsFarFromEverythingMeansNothing) {
  EXPECT_EQ(closest("vlan", kKeys), std::nullopt);
  EXPECT_EQ(closest("x", kKeys), std::nullopt);
}

}  // namespace
}  // namespace patchbay::runner
