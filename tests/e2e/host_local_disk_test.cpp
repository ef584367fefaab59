// The host-local executable on disks that are full or read-only, and after a boot.

#include <fcntl.h>

#include <sys/stat.h>

#include "e2e/host_local.h"
#include "support/mounts.h"
#include "support/require_kernel.h"

namespace patchbay::test {
namespace {

/// On a file system of a few pages, or one that cannot be written.
class HostLocalDiskTest : public HostLocalTest {
 protected:
  void SetUp() override {
    if (const auto reason = enter_mount_namespace()) {
      PATCHBAY_SKIP(*reason);
    }
  }
};

TEST_F(HostLocalDiskTest, AddOnAFullDiskFailsAndLeavesNothing) {
  mount_tmpfs(directory.path(), "size=8k");
  write_file(directory.path("ballast"), std::string(8192, 'x'));

  const auto answer = run("ADD", "c1", network());

  EXPECT_EQ(answer.code(), 5U) << answer.output;
  EXPECT_NE(answer.message().find("10.1.0.2"), std::string::npos) << answer.message();
  EXPECT_TRUE(leases().empty());
  EXPECT_EQ(run("STATUS", "", network()).code(), 50U);
}

TEST_F(HostLocalDiskTest, WorksWithoutRoomForTheIndex) {
  mount_tmpfs(directory.path(), "size=12k");

  EXPECT_EQ(address_in(run("ADD", "c1", network())), "10.1.0.2/24");
  EXPECT_EQ(run("ADD", "c1", network()).code(), 102U);
  write_file(directory.path("ballast"), std::string(12288, 'x'));
  EXPECT_TRUE(run("DEL", "c1", network()).ok());
  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalDiskTest, FailureOfTheSecondSetReleasesTheFirst) {
  // the root, net, lock, index, one lease, last_reserved_ip.0
  mount_tmpfs(directory.path(), "nr_inodes=6");
  const auto config =
      network({{"ranges", {{{{"subnet", "10.1.0.0/24"}}}, {{{"subnet", "10.2.0.0/24"}}}}}});

  const auto answer = run("ADD", "c1", config);

  EXPECT_EQ(answer.code(), 5U) << answer.output;
  EXPECT_NE(answer.message().find("10.2.0.2"), std::string::npos) << answer.message();
  EXPECT_TRUE(leases().empty());
}

TEST_F(HostLocalDiskTest, OnAReadOnlyDiskNothingChanges) {
  mount_tmpfs(directory.path(), "");
  run("ADD", "c1", network());
  make_read_only(directory.path());

  EXPECT_EQ(run("ADD", "c2", network()).code(), 5U);
  EXPECT_EQ(run("DEL", "c1", network()).code(), 5U);
  EXPECT_TRUE(run("DEL", "c2", network()).ok());
  EXPECT_EQ(run("STATUS", "", network()).code(), 50U);
  EXPECT_EQ(leases(), Names{"10.1.0.2"});
}

TEST_F(HostLocalDiskTest, ReclaimsLeasesOfAnEarlierBoot) {
  TempDirectory boot;
  write_file(boot.path("id"), "11111111-2222-3333-4444-555555555555\n");
  run("ADD", "old", network());
  run("ADD", "new", network());
  const timespec times[2]{{0, UTIME_OMIT}, {978307200, 0}};  // 2001
  ASSERT_EQ(::utimensat(AT_FDCWD, path("10.1.0.2").c_str(), times, 0), 0);
  EXPECT_TRUE(run("ADD", "c1", network()).ok());
  EXPECT_EQ(leases(), (Names{"10.1.0.2", "10.1.0.3", "10.1.0.4"}));

  bind_mount(boot.path("id"), "/proc/sys/kernel/random/boot_id");
  EXPECT_TRUE(run("ADD", "c2", network()).ok());

  EXPECT_EQ(leases(), (Names{"10.1.0.3", "10.1.0.4", "10.1.0.5"}));
}

}  // namespace
}  // namespace patchbay::test
