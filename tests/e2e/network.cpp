#include "e2e/network.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/ip.h"

namespace patchbay::test {

namespace {

constexpr const char* kFakePlugins = "/run/plugins";

void require_silent_success(const std::string& command, const Answer& answer) {
  if (!answer.ok() || !answer.output.empty()) {
    throw std::runtime_error{
        command + ": exit status " + std::to_string(answer.status) + ", stdout: " + answer.output +
        ", stderr: " + answer.errors};
  }
}

}  // namespace

const std::vector<std::string>& cni_versions() {
  static const std::vector<std::string> versions{
      "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
  return versions;
}

std::vector<std::string> cni_versions_since(const std::string& first) {
  const auto& all = cni_versions();
  return {std::find(all.begin(), all.end(), first), all.end()};
}

std::string name_of_version(const testing::TestParamInfo<std::string>& info) {
  std::string name = "v" + info.param;
  name.erase(std::remove(name.begin(), name.end(), '.'), name.end());
  return name;
}

std::string name_of_text(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

Container container_called(const std::string& name) {
  return {.id = name, .ns = "/run/netns/" + name};
}

void PluginTest::SetUp() {
  HostTest::SetUp();
  if (!IsSkipped() && !HasFatalFailure()) {
    make_namespace("c1");
  }
}

json PluginTest::host_local(const std::vector<std::string>& subnets) {
  json ipam{{"type", "host-local"}};
  for (const auto& subnet : subnets) {
    const bool v6 = IpPrefix::parse(subnet).is_v6();
    ipam["ranges"].push_back(json::array({{{"subnet", subnet}}}));
    ipam["routes"].push_back({{"dst", v6 ? "::/0" : "0.0.0.0/0"}});
  }
  return ipam;
}

json PluginTest::bridge_network(const std::string& version) {
  return {
      {"cniVersion", version},
      {"name", "net1"},
      {"type", "bridge"},
      {"bridge", "br0"},
      {"isGateway", true},
      {"ipam", host_local({"10.1.0.0/24"})}};
}

json PluginTest::ptp_network(const std::string& version) {
  return {
      {"cniVersion", version},
      {"name", "net1"},
      {"type", "ptp"},
      {"ipam", host_local({"10.1.0.0/24"})}};
}

json PluginTest::host_device_network(const std::string& version) {
  return {
      {"cniVersion", version},
      {"name", "net1"},
      {"type", "host-device"},
      {"device", "nic0"},
      {"ipam", host_local({"10.1.0.0/24"})}};
}

void PluginTest::plug_nic(const std::string& name) {
  if (!std::filesystem::exists(path_of("far"))) {
    make_namespace("far");
  }
  const auto mac = "02:00:00:00:01:0" + std::string{name.back()};
  shell(
      "ip link add " + name + " address " + mac + " mtu 1400 type veth peer far-" + name +
      " netns far; ip link set " + name + " up alias 'rack 3';" +
      "ip -n far addr add 10.1.0.1/24 dev far-" + name + "; ip -n far link set far-" + name +
      " up; ip -n far addr add fd00:1::1/64 nodad dev far-" + name);
}

Call PluginTest::call(const std::string& command, const json& network, const Container& container) {
  return {
      .plugin = network.at("type"),
      .command = command,
      .container_id = container.id,
      .netns = container.ns,
      .ifname = container.ifname,
      .args = container.args,
      .path = plugin_directory() + ":" + kFakePlugins};
}

Answer PluginTest::run(
    const std::string& command, const json& network, const Container& container) {
  return run_plugin(call(command, network, container), network.dump());
}

json PluginTest::with_previous(json network, const json& result) {
  network["prevResult"] = result;
  return network;
}

json PluginTest::attach(const json& network, const Container& container) {
  const Answer answer = run("ADD", network, container);
  if (!answer.ok()) {
    throw std::runtime_error{"ADD: " + answer.output + answer.errors};
  }
  return answer.json();
}

void PluginTest::detach(const json& network, const Container& container) {
  require_silent_success("DEL", run("DEL", network, container));
}

void PluginTest::check(const json& network, const Container& container) {
  require_silent_success("CHECK", run("CHECK", network, container));
}

void PluginTest::make_plugin(const std::string& name, const std::string& script) {
  std::filesystem::create_directories(kFakePlugins);
  const std::string path = kFakePlugins + ("/" + name);
  std::ofstream{path} << "#!/bin/sh\n" << script << "\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

std::size_t PluginTest::count_leases(const std::string& network) {
  const std::string directory = "/var/lib/cni/networks/" + network;
  if (!std::filesystem::exists(directory)) {
    return 0;
  }
  const std::filesystem::directory_iterator files{directory};
  return static_cast<std::size_t>(std::count_if(begin(files), end(files), [](const auto& entry) {
    return IpAddr::find(entry.path().filename().string()).has_value();
  }));
}

testing::AssertionResult is_error(const Answer& answer, unsigned code, const std::string& part) {
  if (answer.status == 1 && answer.code() == code &&
      answer.message().find(part) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure()
         << "exit status " << answer.status << ", expected error " << code << " with \"" << part
         << "\"\nstdout: " << answer.output << "\nstderr: " << answer.errors;
}

testing::AssertionResult is_success(const Answer& answer) {
  if (answer.ok()) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure()
         << "exit status " << answer.status << "\nstdout: " << answer.output
         << "\nstderr: " << answer.errors;
}

}  // namespace patchbay::test
