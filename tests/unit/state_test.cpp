#include "base/state.h"

#include <fcntl.h>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temp_directory.h"

namespace patchbay::state {
namespace {

class StateTest : public testing::Test {
 protected:
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
  }
  /// The errno of the SystemError that opening a directory throws; 0: none.
  static int refusal_of(const std::function<void()>& open) {
    try {
      open();
    } catch (const SystemError& e) {
      return e.errno_value();
    }
    return 0;
  }

  test::TempDirectory directory;
};

TEST_F(StateTest, DirectoryIsMadeWithWhatIsMissingAbove) {
  ASSERT_TRUE(ensure_directory(directory.path("a/b/c"), 0700));

  for (const char* name : {"a", "a/b", "a/b/c"}) {
    EXPECT_EQ(mode_of(directory.path(name)), 0700U) << name;
  }
}

TEST_F(StateTest, DirectoryThatIsThereStaysAsItIs) {
  ensure_directory(directory.path("a"), 0755);
  ensure_directory(directory.path("a/b"), 0700);

  EXPECT_EQ(mode_of(directory.path("a")), 0755U);
  EXPECT_TRUE(find_directory(directory.path("a/b")));
}

TEST_F(StateTest, AbsentDirectoryIsNotFound) {
  test::write_file(directory.path("file"), "");

  EXPECT_FALSE(find_directory(directory.path("a")));
  EXPECT_FALSE(find_directory(directory.path("file")));
  EXPECT_FALSE(find_directory(directory.path("file/a")));
  EXPECT_TRUE(test::names_in(directory.path()) == std::set<std::string>{"file"});
}

TEST_F(StateTest, LinkInPlaceOfTheDirectoryIsRefused) {
  ensure_directory(directory.path("elsewhere"), 0700);
  std::filesystem::create_symlink("elsewhere", directory.path("link"));
  std::filesystem::create_symlink("nowhere", directory.path("dangling"));

  for (const char* name : {"link", "dangling"}) {
    const std::string path = directory.path(name);
    EXPECT_EQ(refusal_of([&] { (void)find_directory(path); }), ELOOP) << name;
    EXPECT_EQ(refusal_of([&] { (void)ensure_directory(path, 0700); }), ELOOP) << name;
  }
  EXPECT_EQ(
      test::names_in(directory.path()), (std::set<std::string>{"dangling", "elsewhere", "link"}));
}

TEST_F(StateTest, LinkAboveTheDirectoryIsFollowed) {
  ensure_directory(directory.path("disk"), 0700);
  std::filesystem::create_symlink("disk", directory.path("link"));

  ensure_directory(directory.path("link/a"), 0700);

  EXPECT_TRUE(find_directory(directory.path("disk/a")));
}

TEST_F(StateTest, FileIsForItsOwnerOnly) {
  const UniqueFd home = find_directory(directory.path());
  const mode_t before = ::umask(0);
  ASSERT_TRUE(open_file(home.get(), "file", O_WRONLY | O_CREAT));
  ::umask(before);

  EXPECT_EQ(mode_of(directory.path("file")), 0600U);
}

TEST_F(StateTest, LinkInPlaceOfAFileIsRefused) {
  const UniqueFd home = find_directory(directory.path());
  test::write_file(directory.path("victim"), "precious");
  std::filesystem::create_symlink("victim", directory.path("link"));
  std::filesystem::create_symlink("fresh", directory.path("dangling"));

  for (const char* name : {"link", "dangling"}) {
    for (const int flags : {O_RDONLY, O_RDWR | O_CREAT, O_WRONLY | O_CREAT | O_TRUNC}) {
      EXPECT_FALSE(open_file(home.get(), name, flags)) << name;
      EXPECT_EQ(errno, ELOOP) << name;
    }
  }
  EXPECT_EQ(test::contents_of(directory.path("victim")), "precious");
  EXPECT_FALSE(std::filesystem::exists(directory.path("fresh")));
}

TEST_F(StateTest, FifoIsNotWaitedFor) {
  const UniqueFd home = find_directory(directory.path());
  ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);

  EXPECT_TRUE(open_file(home.get(), "fifo", O_RDONLY));
  EXPECT_FALSE(open_file(home.get(), "fifo", O_WRONLY));
}

TEST_F(StateTest, NamesAreAllBesideTheDots) {
  for (const char* name : {"a", ".b", "..c"}) {
    test::write_file(directory.path(name), "");
  }
  std::set<std::string> names;

  EXPECT_TRUE(for_each_name(
      find_directory(directory.path()).get(), [&](const char* name) { names.insert(name); }));

  EXPECT_EQ(names, (std::set<std::string>{"a", ".b", "..c"}));
}

}  // namespace
}  // namespace patchbay::state
