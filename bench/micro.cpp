// micro: what happens inside a plugin's process, piece by piece, by Google Benchmark. Needs no
// root.

#include <benchmark/benchmark.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <linux/rtnetlink.h>

#include "base/error.h"
#include "cni/config.h"
#include "cni/result.h"
#include "host-local/store.h"
#include "leases.h"
#include "netlink/message.h"

namespace patchbay::bench {
namespace {

constexpr auto kConfig =
    R"({"cniVersion": "1.1.0", "name": "podnet", "type": "bridge", "bridge": "cni0",
        "isGateway": true, "ipMasq": true, "ipam": {"type": "host-local",
        "ranges": [[{"subnet": "10.64.0.0/16"}], [{"subnet": "fd00:64::/64"}]],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}})";

constexpr auto kResult =
    R"({"cniVersion": "1.1.0",
        "interfaces": [{"name": "cni0", "mac": "fe:54:00:12:34:56", "mtu": 1500},
                       {"name": "veth892b5b14", "mac": "fe:54:00:12:34:57", "mtu": 1500},
                       {"name": "eth0", "mac": "02:54:00:12:34:58", "mtu": 1500,
                        "sandbox": "/run/netns/blue"}],
        "ips": [{"address": "10.64.0.5/16", "gateway": "10.64.0.1", "interface": 2}],
        "routes": [{"dst": "0.0.0.0/0"}], "dns": {"nameservers": ["10.96.0.10"]}})";

void parse_configuration(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(cni::Config::parse(kConfig));
  }
}
BENCHMARK(parse_configuration);

void parse_previous_result(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(cni::parse_result(kResult, cni::Version::newest(), "prevResult"));
  }
}
BENCHMARK(parse_previous_result);

void print_result(benchmark::State& state) {
  const auto result = cni::parse_result(kResult, cni::Version::newest(), "prevResult");
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(cni::print(result, cni::Version::newest()));
  }
}
BENCHMARK(print_result);

void build_link_request(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    nl::Message message{RTM_NEWLINK, 0};
    message.header(ifinfomsg{}).put_text(IFLA_IFNAME, "veth892b5b14");
    message.put(IFLA_MTU, std::uint32_t{1500});
    const auto info = message.nest(IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, "veth");
    benchmark::DoNotOptimize(message.raw());
  }
}
BENCHMARK(build_link_request);

/// A lease directory with so many leases, in a directory of its own.
class LeaseDirectory {
 public:
  explicit LeaseDirectory(unsigned leases) {
    if (::mkdtemp(path_.data()) == nullptr) {
      throw SystemError{errno, "make a directory in /tmp"};
    }
    for (unsigned number = 0; number < leases; ++number) {
      write_lease(path_, 64, number);
    }
  }
  LeaseDirectory(const LeaseDirectory&) = delete;
  LeaseDirectory& operator=(const LeaseDirectory&) = delete;
  LeaseDirectory(LeaseDirectory&&) = delete;
  LeaseDirectory& operator=(LeaseDirectory&&) = delete;
  ~LeaseDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] hostlocal::Store open() const {
    return {hostlocal::Directory::ensure(path_), 1, hostlocal::running_boot()};
  }

 private:
  std::string path_{"/tmp/patchbay-micro.XXXXXX"};
};

void lease_and_release(benchmark::State& state) {
  const LeaseDirectory directory{static_cast<unsigned>(state.range(0))};
  const hostlocal::Holder holder{"blue", "eth0"};
  const std::vector<hostlocal::Span> walk{hostlocal::parse_span("10.64.0.2-10.64.255.254")};
  (void)directory.open().find(holder);  // makes the index
  for ([[maybe_unused]] auto _ : state) {
    hostlocal::Store store = directory.open();
    const auto address = store.allocate(walk, holder);
    store.release(address.value(), holder);
  }
}
BENCHMARK(lease_and_release)->Arg(10)->Arg(1000)->Arg(60000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace patchbay::bench

BENCHMARK_MAIN();
