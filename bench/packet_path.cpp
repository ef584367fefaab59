#include "packet_path.h"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <regex>
#include <thread>
#include <unistd.h>

#include <sys/socket.h>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "host.h"
#include "netlink/addr.h"
#include "netlink/route.h"
#include "netlink/veth.h"
#include "netns/sysctl.h"
#include "nft/masquerade.h"
#include "run.h"

namespace patchbay::bench {

namespace {

using std::chrono::steady_clock;

constexpr std::array<unsigned, 2> kEntries{5, 5000};
constexpr unsigned kRounds = 5;
constexpr unsigned kConnections = 200;  // of a round
constexpr std::chrono::milliseconds kStream{300};
constexpr std::uint16_t kPort = 7;
constexpr auto kContainer = "10.64.0.2/16";
constexpr auto kGateway = "10.64.0.1/16";
constexpr auto kUplink = "198.51.100.1/24";
constexpr auto kOutside = "198.51.100.2/24";

/// A container, its host, and a host outside that only sees the host's address.
struct Walk {
  explicit Walk(const std::string& name)
      : container{name + "-container"},
        host{name + "-host"},
        outside{name + "-outside"} {}

  Namespace container;
  Namespace host;
  Namespace outside;
};

/// A pair between `host`, which gets the address `here`, and `other`, which gets `there`.
void connect(const Namespace& host, const Namespace& other, const char* here, const char* there) {
  const auto far_ns = other.open();
  nl::Socket near_socket = nl::Socket::in(host.open());
  nl::Socket far_socket = nl::Socket::in(far_ns);
  const Owner owner{"bench", "path", there == kOutside ? "outside" : "container"};
  const auto ifname = IfName::parse("eth0");
  const auto near =
      nl::add_veth(near_socket, {.ifname = ifname, .owner = owner, .container = far_ns});
  const auto far = nl::get_link(far_socket, ifname);
  nl::change_link(far_socket, far.index, {.up = true}, "set a link up");
  nl::add_address(near_socket, near.index, {.address = IpPrefix::parse(here)}, "veth");
  nl::add_address(far_socket, far.index, {.address = IpPrefix::parse(there)}, "eth0");
}

void add_default_route(const Namespace& container) {
  nl::Socket socket = nl::Socket::in(container.open());
  const auto link = nl::get_link(socket, IfName::parse("eth0"));
  const nl::Route route{
      .dst = IpPrefix::parse("0.0.0.0/0"), .gw = IpPrefix::parse(kGateway).address()};
  nl::add_route(socket, link.index, route, "eth0");
}

std::unique_ptr<Walk> make_line(const std::string& name) {
  auto line = std::make_unique<Walk>(name);
  connect(line->host, line->container, kGateway, kContainer);
  connect(line->host, line->outside, kUplink, kOutside);
  add_default_route(line->container);
  const netns::ScopedNetns inside{line->host.open()};
  sysctl::set("ipv4/ip_forward", "1");
  return line;
}

/// Addresses of containers; the last is the one that sends.
std::vector<std::string> addresses(unsigned count) {
  std::vector<std::string> all;
  for (unsigned number = 1; number < count; ++number) {
    all.push_back("10.64." + std::to_string(1 + number / 250) + "." + std::to_string(number % 250));
  }
  all.push_back(IpPrefix::parse(kContainer).address().str());
  return all;
}

void masquerade_by_ours(const Walk& line, unsigned entries) {
  const netns::ScopedNetns inside{line.host.open()};
  nft::Connection connection;
  for (const auto& address : addresses(entries)) {
    nft::add_masquerade(
        connection, {"bench", "c" + address, "eth0"}, IpPrefix::parse(address + "/16"));
  }
}

/// One rule and one chain a container, as the reference plugins' pkg/ip/ipmasq_iptables_linux.go
/// has it.
void masquerade_by_reference(const Walk& line, unsigned entries) {
  std::string chains;
  std::string rules;
  unsigned number = 0;
  for (const auto& address : addresses(entries)) {
    const std::string chain = "CNI-" + hex(stable_hash(address)) + std::to_string(++number);
    const std::string comment =
        R"( -m comment --comment "name: \"bench\" id: \"c)" + address + "\\\"\"";
    chains += ":" + chain + " - [0:0]\n";
    rules += "-A POSTROUTING -s " + address + "/32" + comment + " -j " + chain + "\n";
    rules += "-A " + chain + " -d 10.64.0.0/16" + comment + " -j ACCEPT\n";
    rules += "-A " + chain + " ! -d 224.0.0.0/4" + comment + " -j MASQUERADE\n";
  }
  const std::string path = "/run/bench-rules";
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  write_all(file.get(), "*nat\n" + chains + rules + "COMMIT\n", "write " + quote(path));
  const netns::ScopedNetns inside{line.host.open()};
  (void)run({{.path = "iptables-restore", .arguments = {path}, .environment = {}}});
}

sockaddr_in outside_address() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  (void)::inet_pton(AF_INET, IpPrefix::parse(kOutside).address().str().c_str(), &address.sin_addr);
  return address;
}

UniqueFd tcp_socket(const Namespace& ns) {
  const netns::ScopedNetns inside{ns.open()};
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) {
    throw SystemError{errno, "make a TCP socket"};
  }
  return fd;
}

/// Accepts connections on the host outside and takes all they send, until it is destroyed.
class Sink {
 public:
  explicit Sink(const Namespace& ns) : listener_{tcp_socket(ns)} {
    const auto address = outside_address();
    const int on = 1;
    (void)::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), SOMAXCONN) != 0) {
      throw SystemError{errno, "listen by TCP"};
    }
    thread_ = std::thread{[this] { serve(); }};
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  Sink(Sink&&) = delete;
  Sink& operator=(Sink&&) = delete;
  ~Sink() {
    (void)::shutdown(listener_.get(), SHUT_RDWR);  // accept() returns
    thread_.join();
  }

  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  void serve() {
    std::vector<char> buffer(std::size_t{1} << 20);
    while (true) {
      const UniqueFd peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!peer) {
        return;
      }
      ssize_t got = 0;
      while ((got = ::read(peer.get(), buffer.data(), buffer.size())) > 0) {
        received_ += static_cast<std::uint64_t>(got);
      }
    }
  }

  UniqueFd listener_;
  std::atomic<std::uint64_t> received_ = 0;
  std::thread thread_;
};

void connect_outside(const UniqueFd& fd) {
  const auto address = outside_address();
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw SystemError{errno, "connect through the masquerade"};
  }
}

template <typename Unit>
double since(steady_clock::time_point start) {
  return std::chrono::duration<double, Unit>{steady_clock::now() - start}.count();
}

void measure_connections(const Walk& line, PacketPath& path) {
  for (unsigned i = 0; i < kConnections; ++i) {
    const UniqueFd fd = tcp_socket(line.container);
    const auto start = steady_clock::now();
    connect_outside(fd);
    path.connect_us.push_back(since<std::micro>(start));
  }
}

void measure_stream(const Walk& line, const Sink& sink, PacketPath& path) {
  const std::vector<char> bytes(std::size_t{1} << 17);
  const UniqueFd fd = tcp_socket(line.container);
  connect_outside(fd);
  const std::uint64_t before = sink.received();
  const auto start = steady_clock::now();
  while (steady_clock::now() - start<kStream&& ::write(fd.get(), bytes.data(), bytes.size())> 0) {
  }
  const double bits = static_cast<double>(sink.received() - before) * 8;
  path.gigabits.push_back(bits / since<std::nano>(start));
}

using MakeRules = void (*)(const Walk& line, unsigned entries);

struct Candidate {
  std::unique_ptr<Walk> line;
  PacketPath path;
};

}  // namespace

bool matches_packet_path(const std::string& pattern) {
  return std::regex_search("packet path", std::regex{pattern, std::regex::icase});
}

std::vector<PacketPath> measure_packet_paths(Progress& progress) {
  progress.begin(1, 1, "packet path");
  const std::array<std::pair<std::string, MakeRules>, 2> makers{
      {{"ours", masquerade_by_ours}, {"reference", masquerade_by_reference}}};
  std::vector<Candidate> candidates;
  for (const auto& [name, make_rules] : makers) {
    for (const unsigned entries : kEntries) {
      progress.tick(name + " masquerades " + std::to_string(entries));
      auto line = make_line(name + std::to_string(entries));
      make_rules(*line, entries);
      candidates.push_back({std::move(line), {.rules = name, .entries = entries}});
    }
  }
  for (unsigned round = 0; round < kRounds; ++round) {
    progress.tick("round " + std::to_string(round + 1) + "/" + std::to_string(kRounds));
    for (auto& [line, path] : candidates) {
      const Sink sink{line->outside};
      measure_connections(*line, path);
      measure_stream(*line, sink, path);
    }
  }
  std::vector<PacketPath> paths;
  for (auto& candidate : candidates) {
    paths.push_back(std::move(candidate.path));
  }
  return paths;
}

}  // namespace patchbay::bench
