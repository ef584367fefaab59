#pragma once

#include <chrono>
#include <memory>

#include "ovsdb/client.h"
#include "ovsdb/daemons.h"
#include "support/host.h"
#include "support/require_kernel.h"

namespace patchbay::test {

/// A test with an ovsdb-server where Debian's would be, which has the bridge "br0".
class ServerTest : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    if (!has_open_vswitch()) {
      PATCHBAY_SKIP("openvswitch-switch is not installed");
    }
    server = std::make_unique<OvsdbServer>("/run/openvswitch");
    (void)server->vsctl("add-br br0");
  }
  void TearDown() override {
    server.reset();
    HostTest::TearDown();
  }

  /// A transaction that adds the port `name`, under an identity derived from it, to br0.
  static ovsdb::Transaction adding(const std::string& name) {
    using ovsdb::Value;
    const auto port = ovsdb::Uuid::derive("port", name);
    const auto interface = ovsdb::Uuid::derive("interface", name);
    ovsdb::Transaction transaction;
    transaction.wait(
        {.table = "Bridge",
         .where = {{"name", "==", Value::text("br0")}},
         .columns = {"name"},
         .rows = {{{"name", Value::text("br0")}}}});
    transaction.insert("Interface", interface, {{"name", Value::text(name)}});
    transaction.insert(
        "Port", port, {{"name", Value::text(name)}, {"interfaces", Value::inserted(interface)}});
    transaction.mutate(
        "Bridge",
        {{"name", "==", Value::text("br0")}},
        {{"ports", "insert", Value::inserted(port)}});
    return transaction;
  }
  /// A transaction that removes it.
  static ovsdb::Transaction removing(const std::string& name) {
    using ovsdb::Value;
    const auto port = Value::row(ovsdb::Uuid::derive("port", name));
    ovsdb::Transaction transaction;
    transaction.mutate("Bridge", {{"ports", "includes", port}}, {{"ports", "delete", port}});
    return transaction;
  }

  std::unique_ptr<OvsdbServer> server;
};

}  // namespace patchbay::test
