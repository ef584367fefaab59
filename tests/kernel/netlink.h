#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/owner.h"
#include "netlink/link.h"
#include "support/host.h"

namespace patchbay::test {

/// A host, one container "c1", and a netlink socket in each.
class NetlinkTest : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    make_namespace("c1");
    container_ns_.emplace(open_namespace("c1"));
    host_.emplace();
    container_.emplace(nl::Socket::in(*container_ns_));
  }
  void TearDown() override {
    host_.reset();
    container_.reset();
    container_ns_.reset();
    HostTest::TearDown();
  }

  nl::Socket& host() { return *host_; }
  nl::Socket& container() { return *container_; }
  const netns::Netns& container_ns() { return *container_ns_; }

  /// A link of a kind that nothing of ours makes.
  nl::Link make_foreign_link(const std::string& name) {
    shell("ip link add '" + name + "' type ifb");
    return nl::get_link(host(), IfName::parse(name));
  }
  nl::Link link(const std::string& name) { return nl::get_link(host(), IfName::parse(name)); }

 private:
  std::optional<netns::Netns> container_ns_;
  std::optional<nl::Socket> host_;
  std::optional<nl::Socket> container_;
};

/// A predicate for gtest: `call` throws SystemError with `error`, its message beginning with
/// `what`.
template <typename Call>
testing::AssertionResult is_refused(Call&& call, int error, const std::string& what) {
  try {
    call();
  } catch (const SystemError& e) {
    if (e.errno_value() == error && std::string_view{e.what()}.substr(0, what.size()) == what) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "errno " << e.errno_value() << ": " << e.what();
  }
  return testing::AssertionFailure() << "nothing was thrown";
}

}  // namespace patchbay::test
