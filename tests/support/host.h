#pragma once

#include <functional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "netns/netns.h"
#include "support/shell.h"

namespace patchbay::test {

/// A test on a "host" of its own: a fresh network namespace whose lo is up, and a fresh mount
/// namespace with an empty /run (with /run/netns) and an empty /var/lib/cni. The machine's own
/// network is never touched. Containers are further namespaces, pinned below /run/netns as
/// `ip netns` does it.
///
/// Runs as root, as root of a user namespace, or makes itself a user namespace. Where none of it
/// works the test is skipped with the reason; with PATCHBAY_REQUIRE_KERNEL=1 it fails.
class HostTest : public ::testing::Test {
 protected:
  void SetUp() override;
  /// A process that a test or a plugin left behind and that does not end by itself is a failure.
  void TearDown() override;

  /// A namespace without any link but lo (which is down). Returns its path.
  std::string make_namespace(const std::string& name);
  /// Unpins it. The kernel takes it down in its own time: see await().
  void destroy_namespace(const std::string& name);
  static std::string path_of(const std::string& name);
  static netns::Netns open_namespace(const std::string& name);

  /// Waits for every process that the test or a plugin has left running to end. False when one does
  /// not within three seconds.
  static bool reap_children();

  /// shell() inside the namespace `name`; files are the host's.
  static std::string shell_in(const std::string& name, const std::string& command);
  static Outcome try_shell_in(const std::string& name, const std::string& command);
  /// True when `address` answers to one of three echo requests from the namespace `name` (the host
  /// when empty).
  static bool ping(const std::string& name, const std::string& address);

  /// Whether bridges of this kernel can filter VLANs (CONFIG_BRIDGE_VLAN_FILTERING).
  static bool has_vlan_filtering();

  /// Asks for `condition` after every change of a link, address or route of the host, at most for
  /// three seconds: for what the kernel does in its own time. False when it never holds.
  static bool await(const std::function<bool()>& condition);
  /// Waits until the kernel has completed the host's IPv6 addresses with "nodad": it makes their
  /// local routes in its own time. False when it does not.
  static bool await_local_routes();

 private:
  std::set<std::string> namespaces_;
};

}  // namespace patchbay::test
