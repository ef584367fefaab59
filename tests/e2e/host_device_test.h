#pragma once

#include "e2e/network.h"

namespace patchbay::test {

/// A host with the device nic0, and a container.
class HostDeviceTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      plug_nic();
    }
  }

  /// A network whose leases have a directory already.
  static json warm_network(const std::string& version = "1.1.0") {
    json network = host_device_network(version);
    attach(network);
    detach(network);
    return network;
  }
  static json layer2_network() {
    json network = host_device_network();
    network.erase("ipam");
    return network;
  }
  /// What the host and the container look like.
  static std::string everything();
};

}  // namespace patchbay::test
