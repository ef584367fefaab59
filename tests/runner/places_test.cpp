#include "patchbay/places.h"

#include <gtest/gtest.h>

namespace patchbay::runner {
namespace {

constexpr std::string_view kText = R"({
  "name": "a",
  "plugins": [
    { "type": "bridge", "ipam": { "ranges": [[{ "subnet": 1 }]] } },
    true, 12, "x\"y"
  ],
  "quote\"d": 1
})";

TEST(PlacesTest, FindsKeysAtTheirOpeningQuote) {
  const Places places{kText};

  EXPECT_EQ(places.find("name"), (Place{2, 3}));
  EXPECT_EQ(places.find("plugins[0].type"), (Place{4, 7}));
  EXPECT_EQ(places.find("plugins[0].ipam.ranges[0][0].subnet"), (Place{4, 49}));
}

TEST(PlacesTest, FindsElementsWhereTheyBegin) {
  const Places places{kText};

  EXPECT_EQ(places.find("plugins[0]"), (Place{4, 5}));
  EXPECT_EQ(places.find("plugins[1]"), (Place{5, 5}));
  EXPECT_EQ(places.find("plugins[2]"), (Place{5, 11}));
  EXPECT_EQ(places.find("plugins[3]"), (Place{5, 15}));
}

TEST(PlacesTest, FindsAKeyWithAnEscapedQuote) {
  EXPECT_EQ(Places{kText}.find("quote\"d"), (Place{7, 3}));
}

TEST(PlacesTest, WhatIsMissingIsWhereItsParentIs) {
  EXPECT_EQ(Places{kText}.find("plugins[0].mtu"), (Place{4, 5}));
  EXPECT_EQ(Places{kText}.find("nothing"), std::nullopt);
}

TEST(PlacesTest, FaultIsWhereTheTextStopsBeingJson) {
  EXPECT_EQ(Places{kText}.fault(), std::nullopt);
  EXPECT_EQ(Places{"{\n  \"a\": 1,\n  }"}.fault(), (Place{3, 3}));
  EXPECT_EQ(Places{"{\n  \"a\" 1 }"}.fault(), (Place{2, 7}));
}

TEST(PlacesTest, FaultOfAnEmptyOrTruncatedTextIsItsEnd) {
  EXPECT_EQ(Places{""}.fault(), (Place{1, 1}));
  EXPECT_EQ(Places{"{\n\"a\": [1"}.fault()->line, 2U);
}

TEST(PlacesTest, DeepNestingIsAFaultWhereItBegins) {
  EXPECT_EQ(Places{std::string(1'000'000, '[')}.fault(), (Place{1, 65}));
}

TEST(PlacesTest, LocatedNamesFileLineAndColumn) {
  EXPECT_EQ(located("f", kText, "name: is bad"), "f:2:3: name: is bad");
  EXPECT_EQ(located("f", kText, "type: is bad", "plugins[0]"), "f:4:7: type: is bad");
  EXPECT_EQ(located("f", kText, "is bad"), "f: is bad");
}

}  // namespace
}  // namespace patchbay::runner
