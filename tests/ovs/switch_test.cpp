#include "ovs/switch_test.h"

namespace patchbay::test {

void SwitchTest::SetUp() {
  PluginTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  if (!has_open_vswitch()) {
    PATCHBAY_SKIP("openvswitch-switch is not installed");
  }
  make_namespace("c2");
  server_ = std::make_unique<OvsdbServer>(
      "/run/openvswitch",
      std::vector<std::string>{},
      std::vector<std::string>{
          "--private-key=db:Open_vSwitch,SSL,private_key",
          "--certificate=db:Open_vSwitch,SSL,certificate",
          "--ca-cert=db:Open_vSwitch,SSL,ca_cert"});
  // Or TCP from containers would stall: nobody fills in the checksums.
  (void)vsctl("set Open_vSwitch . other_config:userspace-tso-enable=true");
  start_switch();
  shell("ovs-vsctl --timeout=20 add-br ovs1 -- set Bridge ovs1 datapath_type=" + datapath_type_);
  // What the first container of a network leaves for the next is there already.
  attach(network(), {.id = "first"});
  detach(network(), {.id = "first"});
  shell("rm /var/lib/cni/networks/net1/last_reserved_ip.0");
}

void SwitchTest::TearDown() {
  vswitchd_.reset();
  server_.reset();
  PluginTest::TearDown();
}

void SwitchTest::start_switch() {
  vswitchd_ = std::make_unique<Daemon>(
      std::vector<std::string>{
          "ovs-vswitchd",
          server_->remote(),
          "--unixctl=" + server_->path("v.ctl"),
          "--log-file=" + server_->path("v.log"),
          "-vconsole:off"},
      server_->path("v.out"));
}

json SwitchTest::network() {
  return {
      {"cniVersion", "1.1.0"},
      {"name", "net1"},
      {"type", "ovs"},
      {"bridge", "ovs1"},
      {"ipam",
       {{"type", "host-local"},
        {"ranges",
         {{{{"subnet", "10.0.0.0/24"}, {"rangeStart", "10.0.0.1"}, {"gateway", "10.0.0.254"}}}}}}}};
}

json SwitchTest::network(const std::string& patch) {
  json patched = network();
  patched.merge_patch(json::parse(patch));
  return patched;
}

std::string SwitchTest::everything() const {
  std::string text = dump();
  for (const std::string command :
       {"list-br",
        "list-ports ovs1",
        "--columns=name list Interface",
        "--columns=name list Port",
        "--columns=_uuid list QoS",
        "--columns=_uuid list Queue"}) {
    text += "== " + command + "\n" + vsctl(command) + "\n";
  }
  return text;
}

std::string SwitchTest::port_column(const json& result, const std::string& column) const {
  return vsctl("get Port " + device_of(result) + " " + column);
}

std::string SwitchTest::interface_column(const json& result, const std::string& column) const {
  return vsctl("get Interface " + device_of(result) + " " + column);
}

std::string device_of(const json& result) {
  return result.at("interfaces").at(0).at("name");
}

std::string address_of(const json& result) {
  const std::string prefix = result.at("ips").at(0).at("address");
  return prefix.substr(0, prefix.find('/'));
}

}  // namespace patchbay::test
