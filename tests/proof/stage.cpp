#include "proof/stage.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/unique_fd.h"
#include "netlink/link.h"
#include "netns/netns.h"
#include "netns/sysctl.h"
#include "support/dump.h"
#include "support/shell.h"
#include "support/temp_directory.h"

namespace patchbay::test {

namespace {

using nlohmann::json;

constexpr const char* kContainer = "/run/netns/c1";
constexpr const char* kConfDir = "/run/net.d";
constexpr const char* kOtherPlugins = "/run/plugins";
constexpr const char* kSwitchDirectory = "/var/lib/openvswitch";
constexpr std::array<bool, 2> kFamilies{false, true};

const char* name_of(Command command) {
  constexpr std::array<const char*, 4> kNames{"ADD", "CHECK", "DEL", "GC"};
  return kNames.at(static_cast<std::size_t>(command));
}

/// host-local under another build ID, so that no plugin takes it for the one that is linked in.
void make_other_host_local() {
  std::string bytes = contents_of(plugin_directory() + "/host-local");
  const std::string note{"\3\0\0\0GNU\0", 8};  // NT_GNU_BUILD_ID and the name that it is under
  const auto found = bytes.find(note);
  if (found == std::string::npos) {
    throw std::runtime_error{"host-local has no build ID"};
  }
  bytes[found + note.size()] = static_cast<char>(bytes[found + note.size()] ^ 1);
  std::filesystem::create_directories(kOtherPlugins);
  const std::string path = std::string{kOtherPlugins} + "/host-local";
  write_file(path, bytes);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

/// One request to ovsdb-server and its answer, in its own words (RFC 7047).
json ask_database(const std::string& socket_path, const json& request) {
  const UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  const std::string text = request.dump();
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error{"ask ovsdb-server: " + std::string{std::strerror(errno)}};
  }
  std::string answer;
  std::array<char, 65536> chunk{};
  while (!json::accept(answer)) {
    const auto got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got <= 0) {
      throw std::runtime_error{"ovsdb-server said: " + answer};
    }
    answer.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return json::parse(answer);
}

/// What the daemons count or find out in their own time.
bool is_noise(const std::string& column) {
  static const std::set<std::string> noise{
      "_version",
      "admin_state",
      "cur_cfg",
      "duplex",
      "ifindex",
      "link_resets",
      "link_speed",
      "link_state",
      "next_cfg",
      "rstp_statistics",
      "rstp_status",
      "statistics",
      "status"};
  return noise.count(column) != 0;
}

/// How the name of a link begins a line of dump().
bool is_about_link(const std::string& line, const std::string& name) {
  for (const auto* kind : {"link ", "address of ", "neighbour of ", "qdisc of "}) {
    if (line.rfind(kind + name + " ", 0) == 0) {
      return true;
    }
  }
  return line.rfind("route ", 0) == 0 && (line + " ").find(" 4=" + name + " ") != std::string::npos;
}

bool is_shared_by_network(const std::string& line) {
  for (const auto* kind : {"nft table ", "nft chain ", "nft rule ", "nft set "}) {
    if (line.rfind(kind, 0) == 0 && line.find("\"patchbay\"") != std::string::npos) {
      return true;
    }
  }
  for (const auto* path :
       {"/run/patchbay",
        "/run/patchbay/devices",
        "/var/lib/cni/networks",
        "/var/lib/cni/networks/net1",
        "/var/lib/cni/networks/net1/lock",
        "/var/lib/cni/patchbay",
        "/var/lib/cni/patchbay/net1.lock",
        "/var/lib/cni/results"}) {
    if (line.rfind(std::string{path} + " mode ", 0) == 0) {
      return true;
    }
  }
  return false;
}

/// An administrator may have turned it on; plugins never turn it off.
void turn_forwarding_off() {
  for (const bool v6 : kFamilies) {
    sysctl::set(sysctl::forwarding_key(v6), "0");
  }
}

void delete_links_except(const std::set<std::string>& kept) {
  nl::Socket socket;
  for (const auto& link : nl::list_links(socket)) {
    if (kept.count(link.name.str()) == 0) {
      (void)nl::delete_link(socket, link.index);
    }
  }
}

std::set<std::string> link_names() {
  nl::Socket socket;
  std::set<std::string> names;
  for (const auto& link : nl::list_links(socket)) {
    names.insert(link.name.str());
  }
  return names;
}

}  // namespace

Stage::Stage(const Subject& subject)
    : subject_{subject},
      network_(subject.network),
      plugin_path_{plugin_directory()} {
  network_["name"] = "net1";
  network_["cniVersion"] = "1.1.0";
  shell(subject.preparation);
  if (subject.ipam == Ipam::executed) {
    make_other_host_local();
    plugin_path_ = std::string{kOtherPlugins} + ":" + plugin_path_;
  }
  if (subject.needs_switch) {
    start_switch();
    network_["socket_file"] = server_->remote();
  }
  if (is_runner()) {
    std::filesystem::create_directories(kConfDir);
    write_file(
        std::string{kConfDir} + "/net1.conflist",
        json{{"cniVersion", "1.1.0"}, {"name", "net1"}, {"plugins", {network_}}}.dump());
  }
  links_ = link_names();
  tracer_ = std::make_unique<Tracer>();
}

Stage::~Stage() {
  vswitchd_.reset();
  server_.reset();
}

void Stage::start_switch() {
  ::setenv("OVS_RUNDIR", kSwitchDirectory, 1);
  server_ = std::make_unique<OvsdbServer>(kSwitchDirectory);
  vswitchd_ = std::make_unique<Daemon>(
      std::vector<std::string>{
          "ovs-vswitchd",
          server_->remote(),
          "--unixctl=" + server_->path("v.ctl"),
          "--log-file=" + server_->path("v.log"),
          "-vconsole:off"},
      server_->path("v.out"));
  shell(
      "ovs-vsctl --timeout=20 --db=" + server_->remote() +
      " add-br ovs1 -- set Bridge ovs1 datapath_type=netdev");
  // It writes what it finds out about the bridge in a transaction of its own, afterwards.
  shell(
      "ovs-vsctl --timeout=20 --db=" + server_->remote() +
      " wait-until Bridge ovs1 'datapath_version!=\"\"'");
}

bool Stage::is_runner() const {
  return subject_.program == std::string_view{"patchbay"};
}

Call Stage::call_of(Command command) const {
  Call call{.plugin = subject_.program, .command = name_of(command), .path = plugin_path_};
  if (!is_runner()) {
    call.netns = command == Command::gc ? "" : kContainer;
    call.container_id = command == Command::gc ? "" : call.container_id;
    call.ifname = command == Command::gc ? "" : call.ifname;
    return call;
  }
  constexpr std::array<const char*, 4> kVerbs{"add", "check", "del", "gc"};
  call.arguments = {"--conf-dir", kConfDir, "--timeout", "30", "-o", "json"};
  call.arguments.insert(
      call.arguments.begin(), {kVerbs.at(static_cast<std::size_t>(command)), "net1"});
  call.arguments.push_back(command == Command::gc ? "--all" : kContainer);
  call.command.clear();
  call.container_id.clear();
  call.ifname.clear();
  return call;
}

std::string Stage::input_of(Command command) const {
  json input = network_;
  if (!result_.empty() && (command == Command::check || command == Command::del)) {
    input["prevResult"] = json::parse(result_);
  }
  if (command == Command::gc) {
    input["cni.dev/valid-attachments"] = json::array();
  }
  return is_runner() ? "" : input.dump();
}

Execution Stage::run(Command command, const Judge& judge) {
  Execution execution = tracer_->run(call_of(command), input_of(command), judge);
  if (execution.answer.ok() && command == Command::add) {
    result_ = execution.answer.output;
  } else if (execution.answer.ok() && command != Command::check) {
    result_.clear();
  }
  return execution;
}

std::string Stage::state() {
  const std::string processes = tracer_->await_orphans();
  std::string text = "== host\n" + dump() + dump_files("/run") + "== c1\n";
  {
    const netns::ScopedNetns inside{netns::Netns::open(kContainer)};
    text += dump_network();
  }
  return text + (server_ ? "== database\n" + database() : "") + "== processes\n" + processes;
}

std::string Stage::state_without_shared() {
  turn_forwarding_off();
  std::istringstream lines{state()};
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (!is_shared(line)) {
      text += line + "\n";
    }
  }
  return text;
}

bool Stage::is_shared(const std::string& line) const {
  const auto& links = subject_.shared_links;
  return is_shared_by_network(line) ||
         std::any_of(links.begin(), links.end(), [&](const std::string& name) {
           return is_about_link(line, name);
         });
}

void Stage::clear() {
  delete_links_except(links_);
  shell("nft flush ruleset; rm -rf /var/lib/cni/* /run/patchbay");
  turn_forwarding_off();
}

std::string Stage::database() const {
  const std::vector<std::string> tables{
      "Open_vSwitch", "Bridge", "Port", "Interface", "QoS", "Queue", "Mirror"};
  json operations{"Open_vSwitch"};
  for (const auto& table : tables) {
    operations.push_back({{"op", "select"}, {"table", table}, {"where", json::array()}});
  }
  const json answer = ask_database(
      server_->path("db.sock"), {{"method", "transact"}, {"params", operations}, {"id", 0}});
  std::string text;
  for (std::size_t number = 0; number < tables.size(); ++number) {
    for (json row : answer.at("result").at(number).at("rows")) {
      for (auto column = row.begin(); column != row.end();) {
        column = is_noise(column.key()) ? row.erase(column) : std::next(column);
      }
      text += tables[number] + " " + row.dump() + "\n";
    }
  }
  return text;
}

}  // namespace patchbay::test
