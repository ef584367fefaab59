#include "patchbay/cache.h"

#include <filesystem>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "patchbay/base64.h"
#include "support/temp_directory.h"
#include "support/thrown.h"

namespace patchbay::runner {
namespace {

using nlohmann::json;
using test::contents_of;
using test::names_in;
using test::thrown_by;
using test::write_file;

class CacheTest : public testing::Test {
 protected:
  /// Leaves what is left by a kill in the middle of a save().
  void interrupt_save(const CacheEntry& one) {
    const pid_t child = ::fork();
    if (child == 0) {
      const rlimit none{0, 0};  // the first byte that is written ends it, by SIGXFSZ
      (void)::setrlimit(RLIMIT_FSIZE, &none);
      cache.save(one);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  [[nodiscard]] std::set<std::string> drafts() const {
    return names_in(directory.path("cache/patchbay"));
  }

  test::TempDirectory directory;
  Cache cache{directory.path("cache")};
  CacheEntry entry{
      .owner = {"net", "c1", "eth0"},
      .netns = "/run/netns/c1",
      .cni_args = {{"A", "1"}, {"B", "2"}},
      .capabilities = R"({"mac":"02:00:00:00:00:01"})",
      .config = "{\"name\": \"net\"}\n",
      .result = R"({"cniVersion":"1.0.0","big":9007199254740993})"};
};

TEST_F(CacheTest, WhatIsSavedIsFound) {
  cache.save(entry);

  const auto found = cache.find(entry.owner);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->owner, entry.owner);
  EXPECT_EQ(found->netns, entry.netns);
  EXPECT_EQ(found->cni_args, entry.cni_args);
  EXPECT_EQ(found->capabilities, entry.capabilities);
  EXPECT_EQ(found->config, entry.config);
  EXPECT_EQ(json::parse(found->result), json::parse(entry.result));
}

/// What a save() leaves that is killed before its end: another one that cannot come to its end.
TEST_F(CacheTest, WhatAKilledSaveLeftGoesWithTheEntry) {
  const CacheEntry other{.owner = {"net", "c2", "eth0"}};
  const CacheEntry foreign{.owner = {"net-a", "c1", "eth0"}};
  for (const auto& one : {entry, other, foreign}) {
    interrupt_save(one);
  }
  ASSERT_EQ(drafts().size(), 3U);

  EXPECT_FALSE(cache.remove(entry.owner));
  EXPECT_EQ(drafts().size(), 2U);
  cache.remove_drafts("net");
  EXPECT_EQ(drafts().size(), 1U);
  EXPECT_FALSE(cache.remove(foreign.owner));
  EXPECT_TRUE(drafts().empty());
}

TEST_F(CacheTest, FileIsLibcnis) {
  cache.save(entry);

  const std::string path = directory.path("cache/results/net-c1-eth0");
  const json expected{
      {"kind", "cniCacheV1"},
      {"containerId", "c1"},
      {"config", "eyJuYW1lIjogIm5ldCJ9Cg=="},
      {"ifName", "eth0"},
      {"networkName", "net"},
      {"netns", "/run/netns/c1"},
      {"cniArgs", json::parse(R"([["A","1"],["B","2"]])")},
      {"capabilityArgs", {{"mac", "02:00:00:00:00:01"}}},
      {"result", json::parse(entry.result)}};
  EXPECT_EQ(json::parse(contents_of(path)), expected);
  EXPECT_EQ(
      std::filesystem::status(path).permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(names_in(directory.path("cache/results")), std::set<std::string>{"net-c1-eth0"});
}

TEST_F(CacheTest, AbsentEntryIsNotFound) {
  EXPECT_FALSE(cache.find(entry.owner));
  EXPECT_FALSE(cache.remove(entry.owner));
  EXPECT_TRUE(cache.list().entries.empty());
}

TEST_F(CacheTest, RemovedEntryIsGone) {
  cache.save(entry);

  EXPECT_TRUE(cache.remove(entry.owner));

  EXPECT_FALSE(cache.find(entry.owner));
  EXPECT_TRUE(names_in(directory.path("cache/results")).empty());
}

TEST_F(CacheTest, ResultAloneIsAnEntry) {
  std::filesystem::create_directories(directory.path("cache/results"));
  write_file(cache.path_of(entry.owner), R"({"cniVersion":"0.4.0"})");

  const auto found = cache.find(entry.owner);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->owner, entry.owner);
  EXPECT_EQ(found->result, R"({"cniVersion":"0.4.0"})");
}

TEST_F(CacheTest, CorruptFileIsNamed) {
  for (
      const char* text :
      {"",
       "{",
       "[]",
       "\x01\x02",
       R"({"kind":"cniCacheV1"})",
       R"({"kind":"cniCacheV1","containerId":"c1","ifName":"eth0","networkName":"net","config":"?"})",
       R"({"kind":"cniCacheV1","containerId":"c1","ifName":"eth0","networkName":"net","cniArgs":3})",
       R"({"kind":"cniCacheV1","containerId":"c1","ifName":"eth0","networkName":"net","result":3})"}) {
    std::filesystem::create_directories(directory.path("cache/results"));
    write_file(cache.path_of(entry.owner), text);

    const Error e = thrown_by([&] { (void)cache.find(entry.owner); });

    EXPECT_EQ(e.code(), ErrorCode::decoding_failure) << text << ": " << e.what();
    EXPECT_EQ(std::string{e.what()}.rfind(cache.path_of(entry.owner) + ": ", 0), 0U) << e.what();
    EXPECT_EQ(cache.list().faults.size(), 1U) << text;
  }
}

TEST_F(CacheTest, EntryOfAnotherOwnerUnderTheSameNameIsRefused) {
  entry.owner = {"net-c1", "x", "eth0"};
  cache.save(entry);

  const Error e = thrown_by([&] { (void)cache.find({"net", "c1-x", "eth0"}); });

  EXPECT_EQ(e.code(), ErrorCode::invalid_config);
}

TEST_F(CacheTest, DirectoriesAreForTheirOwnerOnly) {
  cache.save(entry);

  for (const char* name : {"cache", "cache/results", "cache/patchbay"}) {
    EXPECT_EQ(
        std::filesystem::status(directory.path(name)).permissions(),
        std::filesystem::perms::owner_all)
        << name;
  }
}

TEST_F(CacheTest, LinkInPlaceOfAnEntryIsNotFollowed) {
  cache.save(entry);
  const std::string genuine = directory.path("genuine");
  std::filesystem::rename(cache.path_of(entry.owner), genuine);
  std::filesystem::create_symlink(genuine, cache.path_of(entry.owner));
  const std::string bytes = contents_of(genuine);

  EXPECT_THROW((void)cache.find(entry.owner), SystemError);
  EXPECT_EQ(cache.list().faults.size(), 1U);
  entry.netns = "/run/netns/other";
  cache.save(entry);

  EXPECT_EQ(contents_of(genuine), bytes);
  EXPECT_EQ(cache.find(entry.owner)->netns, "/run/netns/other");
}

TEST_F(CacheTest, LinkInPlaceOfTheDraftIsNotFollowed) {
  cache.save(entry);
  const std::string victim = directory.path("victim");
  write_file(victim, "precious");
  const std::string draft = "net-c1-eth0." + hex(stable_hash("net")) + ".new";
  std::filesystem::create_symlink(victim, directory.path("cache/patchbay/" + draft));

  EXPECT_THROW(cache.save(entry), SystemError);

  EXPECT_EQ(contents_of(victim), "precious");
}

TEST_F(CacheTest, LinkInPlaceOfADirectoryIsNotFollowed) {
  cache.save(entry);
  std::filesystem::rename(directory.path("cache/results"), directory.path("elsewhere"));
  std::filesystem::create_symlink(directory.path("elsewhere"), directory.path("cache/results"));

  EXPECT_THROW((void)cache.find(entry.owner), SystemError);
  EXPECT_THROW((void)cache.list(), SystemError);
  EXPECT_THROW((void)cache.remove(entry.owner), SystemError);
  EXPECT_THROW(cache.save(entry), SystemError);

  EXPECT_EQ(names_in(directory.path("elsewhere")), std::set<std::string>{"net-c1-eth0"});
}

/// What stands in a file must not lead out of the cache.
TEST_F(CacheTest, EntryOfAnImpossibleOwnerIsRefused) {
  for (const char* member : {"containerId", "networkName", "ifName"}) {
    cache.save(entry);
    json document = json::parse(contents_of(cache.path_of(entry.owner)));
    document[member] = "../x";
    write_file(cache.path_of(entry.owner), document.dump());

    EXPECT_TRUE(cache.list().entries.empty()) << member;
    EXPECT_EQ(cache.list().faults.size(), 1U) << member;
  }
}

TEST(Base64Test, IsThatOfTheStandard) {
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(from_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("Zm9"), std::nullopt);
  EXPECT_EQ(from_base64("***"), std::nullopt);
}

}  // namespace
}  // namespace patchbay::runner
