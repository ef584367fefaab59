#include "base/owner.h"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(OwnerTest, LabelCanBeReadBack) {
  const Owner owner{"net", "c1", "eth0"};

  EXPECT_EQ(owner.label(), "net:c1:eth0");
  EXPECT_EQ(parse_label(owner.label()), owner);
}

TEST(OwnerTest, LabelIsBoundedAndStillTheOwnersAlone) {
  const Owner owner{std::string(300, 'n'), std::string(300, 'c'), "abcdefghijklmno"};
  const Owner other{std::string(300, 'n'), std::string(299, 'c') + 'd', "abcdefghijklmno"};

  EXPECT_LE(owner.label().size(), 220U);
  EXPECT_NE(owner.label(), other.label());
  EXPECT_TRUE(is_label_of_network(owner.label(), owner.network));
}

TEST(OwnerTest, LabelKeepsPartsOfUpTo100Bytes) {
  const Owner owner{std::string(100, 'n'), std::string(100, 'c'), "e"};

  EXPECT_EQ(parse_label(owner.label()), owner);
}

TEST(OwnerTest, NetworkIsNotTakenForOneThatBeginsAlike) {
  EXPECT_TRUE(is_label_of_network("net:c1:eth0", "net"));
  EXPECT_FALSE(is_label_of_network("net2:c1:eth0", "net"));
  EXPECT_FALSE(is_label_of_network("ne:c1:eth0", "net"));
}

TEST(OwnerTest, TextThatIsNoLabelHasNoOwner) {
  for (const char* text : {"", "net", "net:c1"}) {
    EXPECT_FALSE(parse_label(text)) << text;
  }
}

// Names in the kernel and records on disk are made of these: they must never change.
TEST(StableHashTest, IsTheSameInEveryVersion) {
  EXPECT_EQ(hex(stable_hash("net:c1:eth0")), "04c1682b96159d53");
  EXPECT_EQ(hex(stable_hash("")), "ecba3df2c3383c52");
  EXPECT_EQ(hex(0xab), "00000000000000ab");
}

}  // namespace
}  // namespace patchbay
