// Any bytes as a network configuration for host-local: Error is the worst that may come of it, and
// what is accepted leases no address that it must not.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/input.h"
#include "host-local/config.h"

namespace patchbay::hostlocal {
namespace {

using fuzz::require;

uint128 size_of(const std::vector<Span>& spans) {
  uint128 size = 0;
  for (const Span& span : spans) {
    size += span.last.value() - span.first.value() + 1;
  }
  return size;
}

void check(const Range& range) {
  const Span& span = range.span;
  require(span.first <= span.last, "a range is not empty");
  require(
      range.subnet.contains(span.first) && range.subnet.contains(span.last),
      "a range is in its subnet");
  require(range.gateway.is_v6() == range.subnet.is_v6(), "a gateway is of the subnet's family");
  std::optional<IpAddr> before;
  for (const Span& free : range.free_spans()) {
    require(free.first <= free.last, "a free span is not empty");
    require(span.contains(free.first) && span.contains(free.last), "it is in its range");
    require(!before || *before < free.first, "free spans ascend");
    require(!free.contains(range.gateway), "nobody is leased the gateway");
    require(
        std::none_of(
            range.excluded.begin(),
            range.excluded.end(),
            [&](const Span& excluded) { return excluded.overlaps(free); }),
        "nobody is leased what is excluded");
    before = free.last;
  }
}

/// Wherever the search begins, it comes to every free address once.
void check_walk(const RangeSet& set, const std::optional<IpAddr>& last) {
  const auto walk = set.walk(last);
  require(size_of(walk) == size_of(set.walk({})), "the search comes to every free address");
  for (auto one = walk.begin(); one != walk.end(); ++one) {
    require(one->first <= one->last, "the search goes upwards");
    require(
        std::none_of(one + 1, walk.end(), [&](const Span& other) { return one->overlaps(other); }),
        "and comes to it once");
  }
}

void check(const Config& config) {
  require(!config.sets.empty(), "there is a range set");
  std::vector<Span> spans;
  for (const RangeSet& set : config.sets) {
    require(!set.ranges.empty(), "a range set has a range");
    for (const Range& range : set.ranges) {
      check(range);
      check_walk(set, range.span.first);
      check_walk(set, range.span.last);
      check_walk(set, range.gateway);
      require(
          std::none_of(
              spans.begin(), spans.end(), [&](const Span& s) { return s.overlaps(range.span); }),
          "no address is in two ranges");
      spans.push_back(range.span);
    }
  }
  require(config.place.directory("net").front() == '/', "the leases have an absolute path");
}

void use(const cni::Network& network) {
  fuzz::attempt([&] { (void)parse_place(network); });
  const Config config = parse_config(network);
  check(config);
  const auto assigned = assign_requests(config, cni::Args{"IP=10.1.0.9"});
  require(assigned.size() == config.sets.size(), "every set is told what is asked of it");
  for (std::size_t i = 0; i < assigned.size(); ++i) {
    require(
        !assigned[i] || config.sets[i].find(*assigned[i]) != nullptr,
        "what is asked of a set is in it");
  }
}

}  // namespace
}  // namespace patchbay::hostlocal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  fuzz::attempt([&] {
    hostlocal::use(
        {.name = "net",
         .version = cni::Version::newest(),
         .config = cni::Config::parse({reinterpret_cast<const char*>(data), size}),
         .plugin_path = ""});
  });
  return 0;
}
