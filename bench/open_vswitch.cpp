#include "open_vswitch.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>

#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "netlink/veth.h"
#include "run.h"

namespace patchbay::bench {

namespace {

using nlohmann::json;

/// Their text is an argument of a command, which takes 128 KiB.
constexpr unsigned kPortsOfATransaction = 300;
constexpr auto kSchema = "/usr/share/openvswitch/vswitch.ovsschema";

/// Throws Error{internal} when the daemon has not written it.
pid_t read_pid(const std::string& file) {
  const auto text = find_file(file).value_or("");
  pid_t pid = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), pid).ec != std::errc{}) {
    throw Error{ErrorCode::internal, "read a process id from " + quote(file)};
  }
  return pid;
}

/// The JSON-RPC parameters of a transaction that makes the ports.
std::string port_insertion(const std::string& prefix, unsigned first, unsigned end) {
  json operations = json::array({"Open_vSwitch"});
  json ports = json::array();
  for (unsigned number = first; number < end; ++number) {
    const auto name = prefix + std::to_string(number);
    const json interface = json::array({"named-uuid", "i" + name});
    ports.push_back({"named-uuid", "p" + name});
    operations.push_back(
        {{"op", "insert"},
         {"table", "Interface"},
         {"uuid-name", "i" + name},
         {"row", {{"name", name}}}});
    operations.push_back(
        {{"op", "insert"},
         {"table", "Port"},
         {"uuid-name", "p" + name},
         {"row", {{"name", name}, {"interfaces", interface}}}});
  }
  const json insertion = json::array({"ports", "insert", json::array({"set", ports})});
  operations.push_back(
      {{"op", "mutate"},
       {"table", "Bridge"},
       {"where", json::array({json::array({"name", "==", kBridge})})},
       {"mutations", json::array({insertion})}});
  return operations.dump();
}

}  // namespace

OpenVswitch::OpenVswitch(const Namespace& host, bool with_switch)
    : host_{host},
      with_switch_{with_switch},
      directory_{"/run/ovs-" + std::filesystem::path{host.path()}.filename().string()},
      remote_{"unix:" + directory_ + "/db.sock"} {
  std::filesystem::remove_all(directory_);
  std::filesystem::create_directories(directory_);
  const std::string database = directory_ + "/conf.db";
  (void)run(
      {{.path = "ovsdb-tool", .arguments = {"create", database, kSchema}, .environment = {}}});
  start("ovsdb-server", {database, "--remote=p" + remote_});
  vsctl({"--no-wait", "init"});
  if (with_switch_) {
    start("ovs-vswitchd", {remote_});
  }
  vsctl({"add-br", kBridge, "--", "set", "Bridge", kBridge, "datapath_type=netdev"});
}

OpenVswitch::~OpenVswitch() {
  for (auto daemon = daemons_.rbegin(); daemon != daemons_.rend(); ++daemon) {
    (void)::kill(*daemon, SIGKILL);
    (void)::waitpid(*daemon, nullptr, 0);
  }
}

/// Returns when it is ready. The daemon is ours to reap, see adopt_orphans().
void OpenVswitch::start(const std::string& program, std::vector<std::string> arguments) {
  const std::string base = directory_ + "/" + program;
  for (const auto& option :
       {std::string{"--detach"},
        std::string{"-vconsole:off"},
        "--pidfile=" + base + ".pid",
        "--unixctl=" + base + ".ctl",
        "--log-file=" + base + ".log"}) {
    arguments.push_back(option);
  }
  const netns::ScopedNetns inside{host_.open()};
  (void)run(
      {{.path = program,
        .arguments = std::move(arguments),
        .environment = {"OVS_RUNDIR=" + directory_, "OVS_LOGDIR=" + directory_}}});
  daemons_.push_back(read_pid(base + ".pid"));
}

void OpenVswitch::vsctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--db=" + remote_, "--timeout=120", "-vconsole:off"});
  if (!with_switch_) {
    arguments.insert(arguments.begin(), "--no-wait");
  }
  (void)run({{.path = "ovs-vsctl", .arguments = std::move(arguments), .environment = {}}});
}

void OpenVswitch::add_devices(const std::string& prefix, unsigned first, unsigned end) {
  if (!with_switch_) {
    return;
  }
  const auto inside = host_.open();
  nl::Socket socket = nl::Socket::in(inside);
  for (unsigned number = first; number < end; ++number) {
    const auto name = prefix + std::to_string(number);
    (void)nl::add_veth(
        socket,
        {.ifname = IfName::parse(name), .owner = {"bench", name, "peer"}, .container = inside});
  }
}

/// Not by ovs-vsctl, which goes through all ports of the bridge for each that it adds.
void OpenVswitch::add_ports(const std::string& prefix, unsigned first, unsigned end) {
  for (unsigned number = first; number < end; number += kPortsOfATransaction) {
    const auto last = std::min(end, number + kPortsOfATransaction);
    (void)run(
        {{.path = "ovsdb-client",
          .arguments = {"transact", remote_, port_insertion(prefix, number, last)},
          .environment = {}}});
  }
  vsctl({"set", "Bridge", kBridge, "other_config:ports=" + std::to_string(end)});
}

}  // namespace patchbay::bench
