#include "host.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <thread>
#include <unistd.h>

#include <sys/mount.h>

#include "base/error.h"
#include "base/unique_fd.h"
#include "netlink/veth.h"
#include "netns/sysctl.h"

namespace patchbay::bench {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kDestructionPatience{60};
constexpr std::chrono::milliseconds kPoll{20};
constexpr std::chrono::milliseconds kAftermath{200};  // what is left then is freeing of memory

void require(int outcome, const std::string& what) {
  if (outcome != 0) {
    throw SystemError{errno, what};
  }
}

void mount_empty(const std::string& path) {
  std::filesystem::create_directories(path);
  require(::mount("bench", path.c_str(), "tmpfs", 0, "mode=0755"), "mount a tmpfs on " + path);
}

/// A container asks for routers thrice, 4 s apart; those that are there already have done so long
/// ago. Inherited by the links that come, where the kernel has IPv6.
void silence_router_solicitation() {
  (void)sysctl::try_set("ipv6/conf/default/router_solicitations", "0");
}

/// Binds a fresh namespace to `path`; the caller stays where it is.
void make_netns(const std::string& path) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444)};
  if (!file) {
    throw SystemError{errno, "create " + quote(path)};
  }
  const auto here = netns::Netns::current();
  const netns::ScopedNetns back{here};
  require(::unshare(CLONE_NEWNET), "make a network namespace");
  require(
      ::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr),
      "bind a network namespace to " + quote(path));
  silence_router_solicitation();
}

/// A link between here and the host: it goes when the host's links go.
Owner tie(nl::Socket& here, const Namespace& host) {
  Owner owner{"bench", std::filesystem::path{host.path()}.filename(), "tie"};
  const auto inside = host.open();
  (void)nl::add_veth(here, {.ifname = IfName::parse("tie"), .owner = owner, .container = inside});
  return owner;
}

void await_end(nl::Socket& here, const Owner& tie) {
  const auto deadline = steady_clock::now() + kDestructionPatience;
  while (nl::find_veth(here, tie) && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

void enter_sandbox() {
  require(::unshare(CLONE_NEWNET | CLONE_NEWNS), "make a sandbox (root is needed)");
  require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  mount_empty("/run");
  mount_empty("/var/lib/cni");
  std::filesystem::create_directories("/run/netns");
}

Namespace::Namespace(const std::string& name) : path_{"/run/netns/" + name} {
  make_netns(path_);
}

Namespace::~Namespace() {
  if (!path_.empty()) {
    (void)::umount2(path_.c_str(), MNT_DETACH);
    (void)::unlink(path_.c_str());
  }
}

void add_device(const Namespace& host, const std::string& name) {
  const auto inside = host.open();
  nl::Socket socket = nl::Socket::in(inside);
  const auto device = IfName::parse(name);
  (void)nl::add_veth(
      socket, {.ifname = device, .owner = {"bench", name, "cable"}, .container = inside});
  const auto link = nl::get_link(socket, device);
  nl::change_link(socket, link.index, {.up = true}, "set " + name + " up");
}

void destroy(std::vector<Namespace> hosts) {
  nl::Socket here;
  std::vector<Owner> ties;
  ties.reserve(hosts.size());
  for (const auto& host : hosts) {
    ties.push_back(tie(here, host));
  }
  hosts.clear();
  for (const auto& owner : ties) {
    await_end(here, owner);
  }
  std::this_thread::sleep_for(kAftermath);
}

void ContainerPool::grow_to(std::size_t count) {
  containers_.reserve(count);
  while (containers_.size() < count) {
    containers_.emplace_back("container" + std::to_string(containers_.size()));
  }
}

const Namespace& ContainerPool::take() {
  return containers_.at(next_++);
}

}  // namespace patchbay::bench
