#include "support/host.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

#include <linux/rtnetlink.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "netlink/monitor.h"

namespace patchbay::test {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kPatience{3};
constexpr milliseconds kLongestPause{20};  // what is not announced is asked for this often

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error{what + ": " + std::strerror(errno)};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file{path};
  file << text << std::flush;
  if (!file) {
    fail("write " + path);
  }
}

/// Root of a user namespace of our own, where we are not root already.
void become_root() {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  if (::unshare(CLONE_NEWUSER) != 0) {
    fail("unshare a user namespace");
  }
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
  write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
}

void mount_tmpfs(const char* place) {
  if (::mount("tmpfs", place, "tmpfs", 0, "mode=755") != 0) {
    fail(std::string{"mount a tmpfs on "} + place);
  }
}

void make_directory(const char* place) {
  if (::mkdir(place, 0755) != 0) {
    fail(std::string{"create "} + place);
  }
}

void make_host() {
  constexpr int kBoth = CLONE_NEWNET | CLONE_NEWNS;
  if (::unshare(kBoth) != 0) {
    become_root();
    if (::unshare(kBoth) != 0) {
      fail("unshare network and mount namespaces");
    }
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    fail("make mounts private");
  }
  mount_tmpfs("/run");
  make_directory("/run/netns");
  mount_tmpfs("/var/lib");
  make_directory("/var/lib/cni");
  // Refused inside some user namespaces; nothing of ours depends on it.
  (void)::mount("sysfs", "/sys", "sysfs", 0, nullptr);
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
  shell("ip link set lo up");
}

bool is_required() {
  const char* value = std::getenv("PATCHBAY_REQUIRE_KERNEL");
  return value != nullptr && std::string{value} == "1";
}

}  // namespace

void HostTest::SetUp() {
  try {
    make_host();
  } catch (const std::exception& e) {
    if (is_required()) {
      FAIL() << "no host for the test: " << e.what();
    }
    GTEST_SKIP() << "no host for the test: " << e.what();
  }
}

void HostTest::TearDown() {
  while (!namespaces_.empty()) {
    destroy_namespace(*namespaces_.begin());
  }
  EXPECT_TRUE(reap_children()) << "a process was left behind:\n"
                               << shell("ps -ef --forest | tail -40");
}

bool HostTest::reap_children() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigset_t previous;
  ::sigprocmask(SIG_BLOCK, &child, &previous);
  const auto deadline = steady_clock::now() + kPatience;
  pid_t reaped = 0;
  while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) >= 0 && steady_clock::now() < deadline) {
    if (reaped == 0) {
      const timespec pause{0, 50'000'000};
      (void)::sigtimedwait(&child, nullptr, &pause);
    }
  }
  ::sigprocmask(SIG_SETMASK, &previous, nullptr);
  return reaped < 0;
}

std::string HostTest::path_of(const std::string& name) {
  return "/run/netns/" + name;
}

netns::Netns HostTest::open_namespace(const std::string& name) {
  return netns::Netns::open(path_of(name));
}

std::string HostTest::make_namespace(const std::string& name) {
  const std::string path = path_of(name);
  std::ofstream{path}.close();
  const netns::ScopedNetns home{netns::Netns::current()};  // brings the thread back
  if (::unshare(CLONE_NEWNET) != 0 ||
      ::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    fail("make namespace " + name);
  }
  namespaces_.insert(name);
  return path;
}

void HostTest::destroy_namespace(const std::string& name) {
  const std::string path = path_of(name);
  (void)::umount2(path.c_str(), MNT_DETACH);
  (void)::unlink(path.c_str());
  namespaces_.erase(name);
}

std::string HostTest::shell_in(const std::string& name, const std::string& command) {
  const netns::ScopedNetns inside{open_namespace(name)};
  return shell(command);
}

Outcome HostTest::try_shell_in(const std::string& name, const std::string& command) {
  const netns::ScopedNetns inside{open_namespace(name)};
  return try_shell(command);
}

bool HostTest::ping(const std::string& name, const std::string& address) {
  std::optional<netns::ScopedNetns> inside;
  if (!name.empty()) {
    inside.emplace(open_namespace(name));
  }
  const std::string once = "ping -n -q -c1 -W1 " + address;
  return try_shell(once + " || " + once + " || " + once).status == 0;
}

bool HostTest::has_vlan_filtering() {
  return try_shell("ip link add probe0 type bridge vlan_filtering 1 && ip link del probe0")
             .status == 0;
}

bool HostTest::await(const std::function<bool()>& condition) {
  nl::Socket events;
  for (const int group : {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR}) {
    events.join(group);
  }
  const auto deadline = steady_clock::now() + kPatience;
  bool holds = condition();
  while (!holds && steady_clock::now() < deadline) {
    pollfd waiting{events.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(kLongestPause.count())) > 0) {
      (void)events.receive([](const nlmsghdr&) {});
    }
    holds = condition();
  }
  return holds;
}

bool HostTest::await_local_routes() {
  return await([] {
    return try_shell(
               "for address in $(ip -6 -o addr show up |"
               " sed -n 's|.* inet6 \\([^/ ]*\\).* nodad .*|\\1|p'); do"
               " ip -6 route show table local | grep -q \"^local $address \" || exit 1; done")
               .status == 0;
  });
}

}  // namespace patchbay::test
