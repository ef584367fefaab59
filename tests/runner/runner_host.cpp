#include "runner/runner_host.h"

#include <algorithm>
#include <filesystem>

#include "base/ip.h"
#include "support/temp_directory.h"

namespace patchbay::test {

namespace {

constexpr const char* kConfDir = "/run/net.d";
constexpr const char* kPlugins = "/run/plugins";

}  // namespace

void RunnerTest::SetUp() {
  HostTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  make_namespace("c1");
  make_namespace("c2");
  std::filesystem::create_directories(kConfDir);
  std::filesystem::create_directories(kPlugins);
}

Call RunnerTest::call(const std::vector<std::string>& arguments) {
  return {
      .plugin = "patchbay",
      .command = "",
      .container_id = "",
      .ifname = "",
      .path = std::string{kPlugins} + ":" + plugin_directory(),
      .extra_env = {{"NETCONFPATH", kConfDir}},
      .arguments = arguments};
}

Answer RunnerTest::run(const std::vector<std::string>& arguments) {
  return run_plugin(call(arguments), "");
}

RunningPlugin RunnerTest::start(const std::vector<std::string>& arguments) {
  return {call(arguments), ""};
}

std::string RunnerTest::write_network(
    const std::string& name, const json& plugins, const json& members) {
  json list{{"cniVersion", "1.1.0"}, {"name", name}, {"plugins", plugins}};
  list.update(members);
  const std::string path = std::string{kConfDir} + "/" + name + ".conflist";
  write_file(path, list.dump(2));
  return path;
}

json RunnerTest::bridge() {
  return {
      {"type", "bridge"},
      {"bridge", "br0"},
      {"isGateway", true},
      {"ipam",
       {{"type", "host-local"},
        {"ranges", json::array({json::array({{{"subnet", "10.1.0.0/24"}}})})},
        {"routes", json::array({{{"dst", "0.0.0.0/0"}}})}}}};
}

void RunnerTest::make_plugin(const std::string& name, const std::string& script) {
  const std::string path = std::string{kPlugins} + "/" + name;
  write_file(
      path,
      "#!/bin/sh\ncat > /run/stdin-" + name + "-$CNI_COMMAND\necho " + name +
          " $CNI_COMMAND >> /run/calls\n" + script +
          "\nif [ $CNI_COMMAND = ADD ]; then echo '{\"cniVersion\": \"1.1.0\"}'; fi\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

std::string RunnerTest::take_calls() {
  std::string calls = contents_of("/run/calls");
  std::filesystem::remove("/run/calls");
  if (!calls.empty()) {
    calls.pop_back();
  }
  for (auto end = calls.find('\n'); end != std::string::npos; end = calls.find('\n')) {
    calls.replace(end, 1, ", ");
  }
  return calls;
}

json RunnerTest::input_of(const std::string& name, const std::string& command) {
  return json::parse(contents_of("/run/stdin-" + name + "-" + command));
}

std::set<std::string> RunnerTest::cache_entries() {
  return names_in("/var/lib/cni/results");
}

std::size_t RunnerTest::count_leases(const std::string& network) {
  const auto names = names_in("/var/lib/cni/networks/" + network);
  return static_cast<std::size_t>(std::count_if(
      names.begin(), names.end(), [](const std::string& name) { return IpAddr::find(name); }));
}

testing::AssertionResult succeeds(const Answer& answer) {
  return fails(answer, "", 0);
}

testing::AssertionResult fails(const Answer& answer, const std::string& part, int status) {
  if (answer.status == status && answer.errors.find(part) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure()
         << "exit status " << answer.status << ", expected " << status << " with \"" << part
         << "\"\nstdout: " << answer.output << "\nstderr: " << answer.errors;
}

}  // namespace patchbay::test
