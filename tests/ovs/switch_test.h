#pragma once

#include "e2e/network.h"
#include "ovsdb/daemons.h"
#include "support/dump.h"
#include "support/require_kernel.h"

namespace patchbay::test {

/// A host with containers c1 and c2, and a running Open vSwitch with bridge "ovs1", in the
/// userspace datapath unless told otherwise.
class SwitchTest : public PluginTest {
 protected:
  explicit SwitchTest(std::string datapath_type = "netdev")
      : datapath_type_{std::move(datapath_type)} {}

  void SetUp() override;
  void TearDown() override;

  void start_switch();
  [[nodiscard]] OvsdbServer& server() { return *server_; }
  [[nodiscard]] Daemon& vswitchd() { return *vswitchd_; }
  [[nodiscard]] std::string vsctl(const std::string& arguments) const {
    return server_->vsctl(arguments);
  }

  /// Bridge ovs1, 10.0.0.0/24 from .1 on; no gateway.
  static json network();
  /// The same with `patch` (JSON Merge Patch) applied.
  static json network(const std::string& patch);

  /// dump(), the ports of every bridge, and what is in the tables that are not collected.
  [[nodiscard]] std::string everything() const;
  /// A column of the Port (or Interface) of the attachment with this result.
  [[nodiscard]] std::string port_column(const json& result, const std::string& column) const;
  [[nodiscard]] std::string interface_column(const json& result, const std::string& column) const;

 private:
  std::string datapath_type_;
  std::unique_ptr<OvsdbServer> server_;
  std::unique_ptr<Daemon> vswitchd_;
};

/// Name and address as a result tells them.
std::string device_of(const json& result);
std::string address_of(const json& result);

}  // namespace patchbay::test
