#include <fcntl.h>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "base/owner.h"
#include "host-local/index.h"
#include "support/temp_directory.h"

namespace patchbay::hostlocal {
namespace {

const Index::Origin kOrigin{{11, 12}, 13, 14};

IpAddr v4(unsigned offset) {
  return {false, (uint128{10} << 24) + offset};
}

std::uint64_t holder(unsigned number) {
  return stable_hash("c" + std::to_string(number) + "\neth0");
}

Span whole(const std::string& cidr) {
  const IpPrefix prefix = IpPrefix::parse(cidr);
  return {prefix.first(), prefix.last()};
}

class IndexTest : public testing::Test {
 protected:
  [[nodiscard]] UniqueFd open() const {
    return UniqueFd{::open(path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  }
  [[nodiscard]] std::string path() const { return directory.path("index"); }

  /// A saved index of `count` holders from 10.0.0.0 on.
  void save_holders(unsigned count) const {
    Index index{open()};
    index.clear();
    for (unsigned i = 0; i < count; ++i) {
      index.add(v4(i), holder(i));
    }
    ASSERT_TRUE(index.save(kOrigin));
  }

  /// True when everything in the index is as save_holders() left it.
  static bool is_whole(Index& index, unsigned count) {
    bool whole = index.origin().has_value();
    for (unsigned i = 0; i < count && whole; ++i) {
      whole = index.find(holder(i)) == std::vector{v4(i)};
    }
    return whole && index.find_free({v4(0), v4(count)}) == v4(count) && !index.damaged();
  }

  test::TempDirectory directory;
};

TEST_F(IndexTest, OfAnEmptyFileHasNoOrigin) {
  const Index index{open()};

  EXPECT_FALSE(index.origin());
}

TEST_F(IndexTest, WithoutAFileWorksInMemory) {
  Index index{UniqueFd{}};
  index.clear();
  index.add(v4(1), holder(1));

  EXPECT_EQ(index.find(holder(1)), std::vector{v4(1)});
  EXPECT_FALSE(index.damaged());
  EXPECT_FALSE(index.save(kOrigin));
}

TEST_F(IndexTest, KeepsItsOrigin) {
  save_holders(1);

  const Index index{open()};

  ASSERT_TRUE(index.origin());
  EXPECT_EQ(index.origin()->directory, (Identity{11, 12}));
  EXPECT_EQ(index.origin()->boot, 13U);
  EXPECT_EQ(index.origin()->generation, 14U);
}

TEST_F(IndexTest, FindsEveryAddressOfAHolder) {
  Index index{open()};
  index.clear();
  index.add(v4(1), holder(7));
  index.add(IpAddr::parse("fd00::1"), holder(7));
  index.add(v4(2), holder(8));
  index.add(v4(1), holder(7));

  const auto found = index.find(holder(7));

  EXPECT_EQ(
      std::set<IpAddr>(found.begin(), found.end()),
      (std::set<IpAddr>{v4(1), IpAddr::parse("fd00::1")}));
  EXPECT_EQ(found.size(), 2U);
  EXPECT_TRUE(index.find(holder(9)).empty());
}

TEST_F(IndexTest, ForgetsWhatWasRemoved) {
  Index index{open()};
  index.clear();
  index.add(v4(1), holder(1));

  index.remove(v4(1), holder(1));
  index.remove(v4(1), holder(1));
  index.remove(v4(70000), holder(1));

  EXPECT_TRUE(index.find(holder(1)).empty());
  EXPECT_EQ(index.find_free({v4(1), v4(1)}), v4(1));
}

TEST_F(IndexTest, FindsTheFirstFreeAddressOverPages) {
  Index index{open()};
  index.clear();
  for (unsigned i = 0; i < 10000; ++i) {
    index.add(v4(i), std::nullopt);
  }

  EXPECT_EQ(index.find_free({v4(0), v4(20000)}), v4(10000));
  EXPECT_EQ(index.find_free({v4(4095), v4(9999)}), std::nullopt);
  index.remove(v4(5000), 0);
  EXPECT_EQ(index.find_free({v4(4097), v4(9999)}), v4(5000));
}

TEST_F(IndexTest, FindsFreeAddressesAtTheEndsOfTheAddressSpaces) {
  Index index{open()};
  index.clear();
  const IpAddr last = IpAddr::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

  EXPECT_EQ(index.find_free({last, last}), last);
  index.add(last, std::nullopt);
  EXPECT_EQ(index.find_free({last, last}), std::nullopt);
  EXPECT_EQ(index.find_free(whole("255.255.255.252/30")), IpAddr::parse("255.255.255.252"));
  EXPECT_EQ(index.find_free(whole("fd00::/64")), IpAddr::parse("fd00::"));
}

TEST_F(IndexTest, TellsTheFamiliesApart) {
  Index index{open()};
  index.clear();
  index.add(v4(1), holder(1));

  EXPECT_EQ(index.find_free(whole("::a00:1/128")), IpAddr::parse("::a00:1"));
}

TEST_F(IndexTest, GrowsOverTenThousandLeasesAndComesBackFromDisk) {
  save_holders(12000);

  Index index{open()};

  EXPECT_TRUE(is_whole(index, 12000));
}

TEST_F(IndexTest, IsRightAfterAnyMixtureOfChangesAndSaves) {
  std::mt19937 random{7};
  std::map<unsigned, unsigned> leases;  // address to holder
  save_holders(0);
  for (unsigned round = 0; round < 40; ++round) {
    Index index{open()};
    for (unsigned step = 0; step < 200; ++step) {
      const auto address = static_cast<unsigned>(random() % 3 * 1000000 + random() % 600);
      const auto held = leases.find(address);
      if (held != leases.end()) {
        index.remove(v4(address), holder(held->second));
        leases.erase(held);
      } else {
        leases[address] = static_cast<unsigned>(random() % 500);
        index.add(v4(address), holder(leases[address]));
      }
    }
    ASSERT_TRUE(index.save(kOrigin));
  }

  Index index{open()};
  std::map<unsigned, std::set<IpAddr>> by_holder;
  for (const auto& [address, owner] : leases) {
    by_holder[owner].insert(v4(address));
  }
  for (unsigned owner = 0; owner < 500; ++owner) {
    const auto found = index.find(holder(owner));
    EXPECT_EQ(std::set<IpAddr>(found.begin(), found.end()), by_holder[owner]);
  }
  for (unsigned address = 0; address < 600; ++address) {
    const bool free = leases.count(address) == 0;
    EXPECT_EQ(index.find_free({v4(address), v4(address)}).has_value(), free) << address;
  }
  EXPECT_FALSE(index.damaged());
}

TEST_F(IndexTest, UsesThePagesOfReleasedAddressesAgain) {
  save_holders(0);
  Index index{open()};
  for (unsigned i = 0; i < 20000; ++i) {
    const IpAddr address{true, (uint128{0xfd} << 120) + (uint128{i} << 20)};
    index.add(address, holder(i));
    index.remove(address, holder(i));
  }

  ASSERT_TRUE(index.save(kOrigin));
  EXPECT_LE(std::filesystem::file_size(path()), 5U * 4096);
}

TEST_F(IndexTest, BecomesSmallerWhenMadeAnew) {
  save_holders(12000);
  const auto before = std::filesystem::file_size(path());

  save_holders(5);

  EXPECT_LT(std::filesystem::file_size(path()), before / 10);
}

TEST_F(IndexTest, CutShortAnywhereIsNoticedOrUnharmed) {
  constexpr unsigned kCount = 600;
  save_holders(kCount);
  const std::string bytes = test::contents_of(path());
  std::vector<std::size_t> sizes{0, 1, 7, 8, 4095, 4096, 4097, bytes.size() - 1, bytes.size()};
  for (std::size_t size = 0; size < bytes.size(); size += 509) {
    sizes.push_back(size);
  }
  for (const auto size : sizes) {
    test::write_file(path(), bytes.substr(0, size));
    Index index{open()};

    const bool whole = is_whole(index, kCount);

    EXPECT_EQ(whole, size == bytes.size()) << size;
    EXPECT_TRUE(whole || index.damaged() || !index.origin()) << size;
  }
}

TEST_F(IndexTest, WithAnyByteChangedIsNoticed) {
  constexpr unsigned kCount = 600;
  save_holders(kCount);
  const std::string bytes = test::contents_of(path());
  std::mt19937 random{5};
  for (std::size_t at = 0; at < bytes.size(); at += 1 + random() % 64) {
    std::string wrong = bytes;
    wrong[at] = static_cast<char>(wrong[at] ^ static_cast<char>(1U << random() % 7));
    test::write_file(path(), wrong);
    Index index{open()};

    (void)is_whole(index, kCount);

    EXPECT_TRUE(!index.origin() || index.damaged()) << at;
  }
}

TEST_F(IndexTest, OfRandomBytesIsNoticed) {
  std::mt19937 random{3};
  for (unsigned round = 0; round < 200; ++round) {
    std::string bytes(random() % 40000, '\0');
    for (auto& byte : bytes) {
      byte = static_cast<char>(random());
    }
    test::write_file(path(), bytes);

    const Index index{open()};

    EXPECT_FALSE(index.origin());
  }
}

TEST_F(IndexTest, WithBlocksExchangedIsNoticed) {
  save_holders(600);
  const std::string bytes = test::contents_of(path());
  test::write_file(
      path(),
      bytes.substr(0, 4096) + bytes.substr(8192, 4096) + bytes.substr(4096, 4096) +
          bytes.substr(12288));
  Index index{open()};

  EXPECT_FALSE(is_whole(index, 600));
  EXPECT_TRUE(index.damaged());
}

/// Writes random words under right checksums: what only a defect of ours could do.
void scramble(BlockFile file, std::mt19937_64& random) {
  for (std::uint32_t block = 1; block < 9; ++block) {
    for (unsigned i = 0; i < 60; ++i) {
      file.change(block).at(random() % BlockFile::kWords) = random() >> random() % 64;
    }
  }
  file.change(0).at(5 + random() % 4) = random() % 2000;
  (void)file.save();
}

TEST_F(IndexTest, WithWrongContentsUnderRightChecksumsStaysWithinBounds) {
  std::mt19937_64 random{9};
  for (unsigned round = 0; round < 50; ++round) {
    save_holders(600);
    scramble(BlockFile{open()}, random);
    Index index{open()};
    for (unsigned i = 0; i < 700; ++i) {
      (void)index.find(holder(i));
      index.remove(v4(i), holder(i));
      index.add(v4(i), holder(i + 1));
      (void)index.find_free({v4(i), v4(i + 5000)});
    }
  }
}

}  // namespace
}  // namespace patchbay::hostlocal
