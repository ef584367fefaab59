#include "netns/netns.h"

#include <cerrno>
#include <fstream>
#include <thread>

#include <sys/mount.h>

#include "base/privilege.h"
#include "kernel/netlink.h"
#include "netns/sysctl.h"
#include "support/require_kernel.h"

namespace patchbay::test {
namespace {

class NetnsTest : public NetlinkTest {
 protected:
  static void expect_no_namespace(const std::string& path) {
    EXPECT_FALSE(netns::Netns::find(path)) << path;
    try {
      netns::Netns::open(path);
      FAIL() << path << " was opened";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::invalid_environment);
      EXPECT_EQ(std::string{e.what()}.rfind("CNI_NETNS: ", 0), 0U);
      EXPECT_NE(std::string{e.what()}.find(quote(path)), std::string::npos);
    }
  }
};

TEST_F(NetnsTest, OpensAPinnedNamespace) {
  EXPECT_NO_THROW(netns::Netns::open("/run/netns/c1"));
  EXPECT_TRUE(netns::Netns::find("/run/netns/c1"));
}

TEST_F(NetnsTest, OpensAProcessesNamespace) {
  EXPECT_TRUE(netns::Netns::open("/proc/self/ns/net").same_as(netns::Netns::current()));
}

TEST_F(NetnsTest, TellsNamespacesApart) {
  const auto c1 = netns::Netns::open("/run/netns/c1");

  EXPECT_TRUE(c1.same_as(netns::Netns::open("/run/netns/c1")));
  EXPECT_FALSE(c1.same_as(netns::Netns::current()));
}

TEST_F(NetnsTest, RefusesWhatIsNoNetworkNamespace) {
  std::ofstream{"/run/regular"} << "";
  shell("mkfifo /run/fifo; ln -s /run/none /run/dangling; ln -s /run/loop /run/loop");

  for (const auto* path :
       {"/run/none",
        "/run/regular/x",
        "/run/regular",
        "/run",
        "/run/fifo",
        "/run/dangling",
        "/run/loop",
        "/dev/null",
        "/proc/self/ns/mnt",
        "/proc/self/status"}) {
    expect_no_namespace(path);
  }
}

TEST_F(NetnsTest, RefusesAnUnpinnedFile) {
  destroy_namespace("c1");
  std::ofstream{"/run/netns/c1"} << "";

  expect_no_namespace("/run/netns/c1");
}

TEST_F(NetnsTest, HandleKeepsAnUnpinnedNamespaceAlive) {
  const auto handle = netns::Netns::open("/run/netns/c1");
  destroy_namespace("c1");

  EXPECT_NO_THROW(nl::Socket::in(handle));
}

TEST_F(NetnsTest, ScopeEntersAndReturns) {
  const auto c1 = netns::Netns::open("/run/netns/c1");
  const auto home = netns::Netns::current();
  {
    const netns::ScopedNetns inside{c1};
    EXPECT_TRUE(netns::Netns::current().same_as(c1));
  }
  EXPECT_TRUE(netns::Netns::current().same_as(home));
}

TEST_F(NetnsTest, EnteringAnythingElseIsRefused) {
  EXPECT_THROW(netns::ScopedNetns{netns::Netns::open("/proc/self/ns/mnt")}, Error);
}

class SysctlTest : public NetlinkTest {};

TEST_F(SysctlTest, SetIsSeen) {
  sysctl::set("ipv4/ip_forward", "1");

  EXPECT_EQ(sysctl::Directory{"ipv4"}.find("ip_forward"), "1");
}

TEST_F(SysctlTest, SetTwiceSucceeds) {
  sysctl::set("ipv4/ip_forward", "1");

  EXPECT_NO_THROW(sysctl::set("ipv4/ip_forward", "1"));
}

TEST_F(SysctlTest, BelongsToTheNamespaceTheThreadIsIn) {
  {
    const netns::ScopedNetns inside{container_ns()};
    sysctl::set("ipv4/ip_forward", "1");
  }

  EXPECT_EQ(sysctl::Directory{"ipv4"}.find("ip_forward"), "0");
}

TEST_F(SysctlTest, DirectoryStaysThatOfTheNamespaceItWasMadeIn) {
  sysctl::Directory directory{"ipv4"};
  {
    const netns::ScopedNetns inside{container_ns()};
    directory.set("ip_forward", "1");

    EXPECT_EQ(sysctl::Directory{"ipv4"}.find("ip_forward"), "0");
  }
  EXPECT_EQ(sysctl::Directory{"ipv4"}.find("ip_forward"), "1");
}

/// Which what others have looked up in the machine's /proc makes no slower.
TEST_F(SysctlTest, IsLookedUpInAViewOfItsOwn) {
  if (::mount("proc", "/mnt", "proc", 0, nullptr) != 0) {
    PATCHBAY_SKIP("/proc cannot be mounted: a user namespace without a PID namespace");
  }
  ASSERT_EQ(::umount2("/mnt", MNT_DETACH), 0);
  ASSERT_EQ(::mount("none", "/proc/sys/net", "tmpfs", 0, nullptr), 0);

  EXPECT_TRUE(sysctl::try_set("ipv4/ip_forward", "1"));

  EXPECT_EQ(::umount2("/proc/sys/net", MNT_DETACH), 0);
}

TEST_F(SysctlTest, IsNotSetWhereTheMachinesAreReadOnly) {
  const char* machines = "/proc/sys";
  ASSERT_EQ(::mount(machines, machines, nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, machines, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);

  EXPECT_TRUE(is_refused([] { sysctl::set("ipv4/ip_forward", "1"); }, EROFS, "set sysctl net/"));
  EXPECT_EQ(sysctl::Directory{"ipv4"}.find("ip_forward"), "0");

  EXPECT_EQ(::umount2(machines, MNT_DETACH), 0);
}

TEST_F(SysctlTest, IsSetInTheMachinesWhereMountingIsForbidden) {
  std::thread{[] {
    drop_capabilities({Capability::net_admin});
    EXPECT_TRUE(sysctl::try_set("ipv4/ip_forward", "1"));
  }}.join();

  EXPECT_EQ(sysctl::Directory{"ipv4"}.find("ip_forward"), "1");
}

TEST_F(SysctlTest, MissingKeyIsNothing) {
  EXPECT_FALSE(sysctl::Directory{"ipv4/conf/none0"}.find("forwarding"));
}

TEST_F(SysctlTest, SetOfAMissingKeyIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] { sysctl::set("ipv4/conf/none0/forwarding", "1"); },
      ENOENT,
      "set sysctl net/ipv4/conf/none0/forwarding to '1'"));
}

TEST_F(SysctlTest, SetOfAnImpossibleValueIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] { sysctl::set("ipv4/ip_forward", "many"); },
      EINVAL,
      "set sysctl net/ipv4/ip_forward to 'many'"));
}

TEST_F(SysctlTest, TrySetTellsWhetherItWorked) {
  EXPECT_TRUE(sysctl::try_set("ipv4/ip_forward", "1"));
  EXPECT_FALSE(sysctl::try_set("ipv4/conf/none0/forwarding", "1"));
}

}  // namespace
}  // namespace patchbay::test
