#include <fcntl.h>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "host-local/store.h"
#include "support/temp_directory.h"

namespace patchbay::hostlocal {
namespace {

const Holder kAlice{"alice", "eth0"};
const Holder kBob{"bob", "eth0"};

/// Long ago, and not so long ago.
const Boot kBoot{"boot-1", 1'000'000'000, 1'000'000'000};

IpAddr ip(const std::string& text) {
  return IpAddr::parse(text);
}

std::vector<Span> span(const std::string& text) {
  return {parse_span(text)};
}

class StoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory.path("net"); }
  [[nodiscard]] std::string path(const std::string& name) const { return path() + "/" + name; }
  [[nodiscard]] Store open(const Boot& boot = kBoot) const {
    return {Directory::ensure(path()), 1, boot};
  }

  /// For what it does; what it answers may be ignored.
  // NOLINTNEXTLINE(modernize-use-nodiscard): as said
  std::optional<IpAddr> allocate(const std::string& text, const Holder& holder) const {
    Store store = open();
    return store.allocate(span(text), holder);
  }
  [[nodiscard]] std::vector<IpAddr> find(const Holder& holder, const Boot& boot = kBoot) const {
    Store store = open(boot);
    return store.find(holder);
  }
  /// What another implementation or a person does.
  void write(const std::string& name, const std::string& text) const {
    test::write_file(path(name), text);
  }
  void set_time(const std::string& name, time_t seconds) const {
    const timespec times[2]{{0, UTIME_OMIT}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, 0), 0);
  }
  /// Makes a change that leaves the directory's modification time as it was.
  template <typename Change>
  void unnoticed(const Change& change) const {
    struct stat before {};
    ASSERT_EQ(::stat(path().c_str(), &before), 0);
    change();
    const timespec times[2]{before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path().c_str(), times, 0), 0);
  }

  test::TempDirectory directory;
};

TEST_F(StoreTest, WritesLeasesAsTheReferenceDoes) {
  {
    Store store = open();
    ASSERT_EQ(store.allocate(span("10.1.0.2-10.1.0.9"), kAlice), ip("10.1.0.2"));
    ASSERT_TRUE(store.reserve(ip("fd00::a"), kAlice));
    store.set_last_reserved(0, ip("10.1.0.2"));
  }

  EXPECT_EQ(test::contents_of(path("10.1.0.2")), "alice\r\neth0");
  EXPECT_EQ(test::contents_of(path("fd00::a")), "alice\r\neth0");
  EXPECT_EQ(test::contents_of(path("last_reserved_ip.0")), "10.1.0.2");
  EXPECT_EQ(
      test::names_in(path()),
      (std::set<std::string>{
          ".patchbay-index", "10.1.0.2", "fd00::a", "last_reserved_ip.0", "lock"}));
  struct stat status {};
  ASSERT_EQ(::stat(path("10.1.0.2").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(StoreTest, AllocatesEachAddressOnceUntilThereIsNone) {
  EXPECT_EQ(allocate("10.1.0.2-10.1.0.3", kAlice), ip("10.1.0.2"));
  EXPECT_EQ(allocate("10.1.0.2-10.1.0.3", kBob), ip("10.1.0.3"));
  EXPECT_EQ(allocate("10.1.0.2-10.1.0.3", {"carol", "eth0"}), std::nullopt);
}

TEST_F(StoreTest, ReleasesForTheNextOne) {
  allocate("10.1.0.2", kAlice);
  {
    Store store = open();
    store.release(ip("10.1.0.2"), kAlice);
  }

  EXPECT_TRUE(find(kAlice).empty());
  EXPECT_EQ(allocate("10.1.0.2", kBob), ip("10.1.0.2"));
}

TEST_F(StoreTest, ReservesOnlyWhatIsFree) {
  Store store = open();

  EXPECT_TRUE(store.reserve(ip("10.1.0.2"), kAlice));
  EXPECT_FALSE(store.reserve(ip("10.1.0.2"), kBob));
  EXPECT_EQ(store.read(ip("10.1.0.2")).holder, kAlice);
}

TEST_F(StoreTest, ShortensTheLastReservedAddress) {
  Store store = open();
  store.set_last_reserved(0, ip("10.1.0.100"));
  store.set_last_reserved(0, ip("10.1.0.2"));

  EXPECT_EQ(store.last_reserved(0), ip("10.1.0.2"));
  EXPECT_EQ(test::contents_of(path("last_reserved_ip.0")), "10.1.0.2");
}

TEST_F(StoreTest, KnowsNoLastReservedAddressFromATornFile) {
  Store store = open();
  EXPECT_EQ(store.last_reserved(0), std::nullopt);

  write("last_reserved_ip.0", "");
  write("last_reserved_ip.1", "10.1.");
  write("last_reserved_ip.2", "10.1.0.7\n");

  EXPECT_EQ(store.last_reserved(0), std::nullopt);
  EXPECT_EQ(store.last_reserved(1), std::nullopt);
  EXPECT_EQ(store.last_reserved(2), ip("10.1.0.7"));
}

struct Worthless {
  std::string name;
  std::string contents;
};

std::ostream& operator<<(std::ostream& out, const Worthless& lease) {
  return out << lease.name;
}

class WorthlessLease : public StoreTest, public testing::WithParamInterface<Worthless> {};

TEST_P(WorthlessLease, IsReused) {
  allocate("10.1.0.3", kBob);
  write("10.1.0.2", GetParam().contents);

  EXPECT_EQ(allocate("10.1.0.2-10.1.0.3", kAlice), ip("10.1.0.2"));

  EXPECT_EQ(test::contents_of(path("10.1.0.2")), "alice\r\neth0");
  EXPECT_EQ(find(kAlice), std::vector{ip("10.1.0.2")});
}

TEST_P(WorthlessLease, IsReusedWhenTheIndexTakesItForALease) {
  allocate("10.1.0.2", kBob);
  write("10.1.0.2", GetParam().contents);  // does not touch the directory

  EXPECT_EQ(allocate("10.1.0.2", kAlice), ip("10.1.0.2"));
  EXPECT_TRUE(find(kBob).empty());
}

TEST_P(WorthlessLease, CanBeRequested) {
  Directory::ensure(path());
  write("10.1.0.2", GetParam().contents);
  Store store = open();

  EXPECT_TRUE(store.reserve(ip("10.1.0.2"), kAlice));
}

INSTANTIATE_TEST_SUITE_P(
    Contents,
    WorthlessLease,
    testing::Values(
        Worthless{"empty", ""},
        Worthless{"no first line", "\r\neth0"},
        Worthless{"blank lines", "\n\n"},
        Worthless{"zeros", std::string(40, '\0')},
        Worthless{"binary", "\x7f\x45\x4c\x46"},
        Worthless{"no id", "not an id\r\neth0"},
        Worthless{"huge", std::string(300000, '/')}));

TEST_F(StoreTest, FindsLeasesOfOldThatNameNoInterface) {
  Directory::ensure(path());
  write("10.1.0.2", "alice\n");

  EXPECT_TRUE(find(kAlice).empty());
  EXPECT_EQ(find(kAlice.without_ifname()), std::vector{ip("10.1.0.2")});
}

TEST_F(StoreTest, SeesWhatOthersHaveLeased) {
  allocate("10.1.0.2", kAlice);
  write("10.1.0.3", "bob\r\neth0");

  EXPECT_EQ(find(kBob), std::vector{ip("10.1.0.3")});
  EXPECT_EQ(allocate("10.1.0.2-10.1.0.4", {"carol", "eth0"}), ip("10.1.0.4"));
}

TEST_F(StoreTest, SeesWhatOthersHaveReleased) {
  allocate("10.1.0.2", kAlice);
  std::filesystem::remove(path("10.1.0.2"));

  EXPECT_TRUE(find(kAlice).empty());
  EXPECT_EQ(allocate("10.1.0.2", kBob), ip("10.1.0.2"));
}

TEST_F(StoreTest, SeesALeaseThatCameWithoutAChangeOfTheDirectorysTime) {
  allocate("10.1.0.2", kAlice);
  unnoticed([&] { write("10.1.0.3", "bob\r\neth0"); });

  EXPECT_EQ(find(kBob), std::vector{ip("10.1.0.3")});
}

TEST_F(StoreTest, SeesALeaseThatWentWithoutAChangeOfTheDirectorysTime) {
  allocate("10.1.0.2", kAlice);
  unnoticed([&] { std::filesystem::remove(path("10.1.0.2")); });

  EXPECT_TRUE(find(kAlice).empty());
  EXPECT_EQ(allocate("10.1.0.2", kBob), ip("10.1.0.2"));
}

TEST_F(StoreTest, SeesALeaseThatWasHandedToAnother) {
  allocate("10.1.0.2", kAlice);
  write("10.1.0.2", "bob\r\neth0");  // in place: the directory stays as it is

  EXPECT_TRUE(find(kAlice).empty());
  EXPECT_EQ(find(kBob), std::vector{ip("10.1.0.2")});
}

TEST_F(StoreTest, SeesChangesWithinOneTickOfTheClock) {
  for (int i = 0; i < 200; ++i) {
    allocate("10.1.0.2", kAlice);
    std::filesystem::remove(path("10.1.0.2"));
    write("10.1.0.2", "bob\r\neth0");

    ASSERT_EQ(find(kBob), std::vector{ip("10.1.0.2")}) << i;
    Store store = open();
    store.release(ip("10.1.0.2"), kBob);
  }
}

TEST_F(StoreTest, PassesOverWhatIsNoLease) {
  Directory::ensure(path());
  std::filesystem::create_directory(path("10.1.0.2"));
  ASSERT_EQ(::mkfifo(path("10.1.0.3").c_str(), 0600), 0);
  std::filesystem::create_symlink("/etc/hostname", path("10.1.0.4"));
  write("10.1.0.05", "bob\r\neth0");
  write("README", "bob\r\neth0");

  EXPECT_EQ(allocate("10.1.0.2-10.1.0.6", kAlice), ip("10.1.0.5"));
  EXPECT_TRUE(find(kBob).empty());
}

TEST_F(StoreTest, WritesThroughNoLink) {
  Directory::ensure(path());
  test::write_file(directory.path("victim"), "precious");
  for (const char* name : {"last_reserved_ip.0", ".patchbay-index", ".patchbay-draft"}) {
    std::filesystem::create_symlink(directory.path("victim"), path(name));
  }

  EXPECT_EQ(allocate("10.1.0.2-10.1.0.6", kAlice), ip("10.1.0.2"));
  Store store = open();
  EXPECT_EQ(store.last_reserved(0), std::nullopt);
  EXPECT_THROW(store.set_last_reserved(0, ip("10.1.0.2")), SystemError);

  EXPECT_EQ(test::contents_of(directory.path("victim")), "precious");
  EXPECT_EQ(test::contents_of(path("10.1.0.2")), "alice\r\neth0");
}

TEST_F(StoreTest, LocksNothingThroughALink) {
  Directory::ensure(path());
  std::filesystem::create_symlink(directory.path("victim"), path("lock"));

  EXPECT_THROW((void)open(), SystemError);

  EXPECT_FALSE(std::filesystem::exists(directory.path("victim")));
}

TEST_F(StoreTest, DirectoryIsNoLink) {
  std::filesystem::create_directory(directory.path("elsewhere"));
  std::filesystem::create_symlink("elsewhere", path());

  EXPECT_THROW((void)Directory::find(path()), SystemError);
  EXPECT_THROW((void)Directory::ensure(path()), SystemError);
}

TEST_F(StoreTest, PassesOverSomethingThatAppearsWhileTheIndexIsFresh) {
  Store store = open();
  std::filesystem::create_directory(path("10.1.0.2"));
  std::filesystem::create_directory(path("10.1.0.3"));

  EXPECT_EQ(store.allocate(span("10.1.0.2-10.1.0.6"), kAlice), ip("10.1.0.4"));
}

TEST_F(StoreTest, SurvivesAnyStateOfTheIndexFile) {
  allocate("10.1.0.2", kAlice);
  const std::string bytes = test::contents_of(path(".patchbay-index"));
  for (std::size_t size = 0; size <= bytes.size(); size += 512) {
    write(".patchbay-index", bytes.substr(0, size) + std::string(bytes.size() - size, 'x'));
    ASSERT_EQ(find(kAlice), std::vector{ip("10.1.0.2")}) << size;
    write(".patchbay-index", bytes.substr(0, size));
    ASSERT_EQ(allocate("10.1.0.2", kBob), std::nullopt) << size;
  }
}

TEST_F(StoreTest, WorksWithoutAnIndexFile) {
  Directory::ensure(path());
  std::filesystem::create_directory(path(".patchbay-index"));

  EXPECT_EQ(allocate("10.1.0.2-10.1.0.3", kAlice), ip("10.1.0.2"));
  EXPECT_EQ(allocate("10.1.0.2-10.1.0.3", kBob), ip("10.1.0.3"));
  EXPECT_EQ(find(kAlice), std::vector{ip("10.1.0.2")});
}

TEST_F(StoreTest, ReusesTheDraftOfAKilledProcess) {
  Directory::ensure(path());
  allocate("10.1.0.9", kBob);
  write(".patchbay-draft", "half of a le");
  std::filesystem::create_hard_link(path(".patchbay-draft"), path("10.1.0.3"));

  EXPECT_EQ(allocate("10.1.0.2", kAlice), ip("10.1.0.2"));

  EXPECT_EQ(test::names_in(path()).count(".patchbay-draft"), 0U);
  EXPECT_EQ(test::contents_of(path("10.1.0.3")), "half of a le");
}

/// Found by lease_fuzz: it made every address seem to be taken, in the index too.
TEST_F(StoreTest, DirectoryInPlaceOfTheDraftIsAnErrorAndTakesNoAddress) {
  Directory::ensure(path());
  std::filesystem::create_directory(path(".patchbay-draft"));

  EXPECT_THROW(allocate("10.1.0.2-10.1.0.3", kAlice), SystemError);

  std::filesystem::remove(path(".patchbay-draft"));
  EXPECT_EQ(allocate("10.1.0.2-10.1.0.3", kAlice), ip("10.1.0.2"));
}

TEST_F(StoreTest, CollectsWhatIsNotKept) {
  allocate("10.1.0.2", kAlice);
  allocate("10.1.0.3", kBob);
  write("10.1.0.4", "");
  write("10.1.0.5", "carol");
  write(".patchbay-draft", "x");
  write("last_reserved_ip.0", "10.1.0.3");
  {
    Store store = open();
    store.collect([](const Holder& holder) { return holder == kBob; });
  }

  EXPECT_EQ(
      test::names_in(path()),
      (std::set<std::string>{".patchbay-index", "10.1.0.3", "last_reserved_ip.0", "lock"}));
  EXPECT_EQ(find(kBob), std::vector{ip("10.1.0.3")});
  EXPECT_TRUE(find(kAlice).empty());
}

constexpr time_t kOld = 990'000'000;
constexpr time_t kNew = 1'000'000'100;

TEST_F(StoreTest, FreesLeasesOfAnEarlierBoot) {
  allocate("10.1.0.2", kAlice);
  allocate("10.1.0.3", kBob);
  set_time("10.1.0.2", kOld);
  set_time("10.1.0.3", kNew);

  EXPECT_TRUE(find(kAlice, {"boot-2", 1'000'000'000, 1'000'000'000}).empty());

  EXPECT_EQ(test::names_in(path()).count("10.1.0.2"), 0U);
  EXPECT_EQ(find(kBob, {"boot-2", 1'000'000'000, 1'000'000'000}), std::vector{ip("10.1.0.3")});
}

TEST_F(StoreTest, FreesOldLeasesWhenThereIsNoIndex) {
  Directory::ensure(path());
  write("10.1.0.2", "alice\r\neth0");
  write("10.1.0.3", "bob");
  set_time("10.1.0.2", kOld);
  set_time("10.1.0.3", kOld);

  (void)open();

  EXPECT_EQ(test::names_in(path()), (std::set<std::string>{".patchbay-index", "lock"}));
}

TEST_F(StoreTest, FreesThemOncePerBoot) {
  allocate("10.1.0.2", kAlice);
  set_time("10.1.0.2", kOld);
  write("10.1.0.3", "bob\r\neth0");
  set_time("10.1.0.3", kOld);

  EXPECT_EQ(find(kAlice), std::vector{ip("10.1.0.2")});
  EXPECT_EQ(find(kBob), std::vector{ip("10.1.0.3")});
}

TEST_F(StoreTest, GrantsTheClockTwoSeconds) {
  allocate("10.1.0.2", kAlice);
  set_time("10.1.0.2", 999'999'999);

  EXPECT_FALSE(find(kAlice, {"boot-2", 1'000'000'000, 1'000'000'000}).empty());
}

TEST_F(StoreTest, DoesNotTrustAClockThatWasSetForwardWhenThereIsNoIndex) {
  Directory::ensure(path());
  write("10.1.0.2", "alice\r\neth0");
  set_time("10.1.0.2", kOld);

  EXPECT_FALSE(find(kAlice, {"boot-1", 1'000'000'000, 980'000'000}).empty());
}

TEST_F(StoreTest, FreesNothingWhenTheBootIsUnknown) {
  allocate("10.1.0.2", kAlice);
  set_time("10.1.0.2", kOld);

  EXPECT_FALSE(find(kAlice, {"", 1'000'000'000, 1'000'000'000}).empty());
}

TEST_F(StoreTest, FailsWhenTheLockIsHeld) {
  Directory held = Directory::ensure(path());
  held.lock(0);

  try {
    (void)open();
    FAIL() << "locked twice";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::try_again_later);
    EXPECT_NE(std::string{e.what()}.find(path("lock")), std::string::npos);
  }
}

TEST_F(StoreTest, SaysWhyTheDirectoryCannotBeMade) {
  test::write_file(directory.path("file"), "");

  EXPECT_THROW(Directory::ensure(directory.path("file/net")), SystemError);
  EXPECT_FALSE(Directory::find(directory.path("file/net")));
  EXPECT_FALSE(Directory::find(directory.path("absent")));
}

}  // namespace
}  // namespace patchbay::hostlocal
