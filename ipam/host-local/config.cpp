#include "config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "range_keys.h"

namespace patchbay::hostlocal {

namespace {

using cni::Format;
using cni::Keys;

constexpr cni::Bounds kLockTimeout{0, 3600};

/// Everything that is declared, not yet put together.
struct Declared {
  Config config;
  std::vector<RangeSet> single;   ///< ipam.subnet
  std::vector<RangeSet> listed;   ///< ipam.ranges
  std::vector<RangeSet> runtime;  ///< runtimeConfig.ipRanges
  std::vector<Span> excluded;
};

void declare_place(Keys& keys, Place& place) {
  keys.text("dataDir", place.data_dir, "where leases are kept, a directory per network");
  if (place.data_dir.empty()) {
    place.data_dir = Place{}.data_dir;
  }
  if (place.data_dir.front() != '/') {
    reject(keys.path_of("dataDir"), place.data_dir, "must be an absolute path");
  }
  keys.number(
      "lockTimeout",
      place.lock_timeout_s,
      kLockTimeout,
      "seconds to wait for another call on the same network");
}

void declare_ipam(Keys& keys, Declared& declared) {
  std::string type;
  keys.text("type", type, "host-local");
  declare_single_range(keys, declared.single);
  declare_excluded(keys, declared.excluded);
  declare_sets(keys, "ranges", declared.listed, "range sets; each gives one address");
  keys.objects(
      "routes",
      [&](Keys& item) { cni::declare_route(item, declared.config.routes); },
      "routes of the container");
  keys.text("resolvConf", declared.config.resolv_conf, "file to take the result's DNS data from");
  declare_place(keys, declared.config.place);
}

void declare_requests(Keys& keys, std::vector<IpAddr>& requested) {
  keys.texts(
      "ips",
      Format::text,
      [&](const std::string& text) {
        requested.push_back(IpAddr::parse(std::string_view{text}.substr(0, text.find('/'))));
      },
      "addresses wanted, with or without a prefix length, which does not matter");
}

void declare(Keys& keys, Declared& declared) {
  keys.object(
      "ipam", [&](Keys& ipam) { declare_ipam(ipam, declared); }, "address management");
  keys.required("ipam");
  keys.object(
      "args",
      [&](Keys& args) {
        args.object(
            "cni",
            [&](Keys& cni) { declare_requests(cni, declared.config.requested); },
            "arguments for any plugin");
      },
      "arguments from the network's author or the runtime");
  keys.object(
      "runtimeConfig",
      [&](Keys& runtime) {
        declare_requests(runtime, declared.config.requested);
        declare_sets(
            runtime, "ipRanges", declared.runtime, "range sets that come before the network's own");
      },
      "set by the runtime for declared capabilities");
}

void move_to(std::vector<RangeSet>& sets, std::vector<RangeSet>& more) {
  std::move(more.begin(), more.end(), std::back_inserter(sets));
}

/// No two ranges may share an address, whether they are of one set or of two.
void check_overlaps(const std::vector<RangeSet>& sets) {
  std::vector<const Range*> sorted;
  for (const RangeSet& set : sets) {
    for (const Range& range : set.ranges) {
      sorted.push_back(&range);
    }
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Range* a, const Range* b) {
    return a->span.first < b->span.first;
  });
  const auto clash =
      std::adjacent_find(sorted.begin(), sorted.end(), [](const Range* a, const Range* b) {
        return a->span.overlaps(b->span);
      });
  if (clash != sorted.end()) {
    const Range& one = **clash;
    const Range& other = **std::next(clash);
    reject(other.path, other.span.str(), "overlaps with " + one.path + " " + quote(one.span.str()));
  }
}

void check_families(const std::vector<RangeSet>& sets, cni::Version version) {
  std::size_t v6_sets = 0;
  for (const RangeSet& set : sets) {
    const bool v6 = set.ranges.front().subnet.is_v6();
    v6_sets += v6 ? 1 : 0;
    for (const Range& range : set.ranges) {
      if (range.subnet.is_v6() != v6) {
        const std::string rule = "must be of the same address family as ";
        reject(range.path, range.subnet.str(), rule + set.ranges.front().path);
      }
    }
  }
  const bool several = v6_sets > 1 || sets.size() - v6_sets > 1;
  if (several && version < cni::Version::with_interfaces()) {
    throw Error{
        ErrorCode::invalid_config,
        "cniVersion: " + quote(version.str()) +
            " does not allow more than one address of a family, but ipam.ranges does"};
  }
}

void exclude(std::vector<RangeSet>& sets, const std::vector<Span>& excluded) {
  for (RangeSet& set : sets) {
    for (Range& range : set.ranges) {
      std::copy_if(
          excluded.begin(),
          excluded.end(),
          std::back_inserter(range.excluded),
          [&](const Span& span) { return span.overlaps(range.span); });
    }
  }
}

}  // namespace

std::string Place::directory(const std::string& network) const {
  return data_dir + (data_dir.back() == '/' ? "" : "/") + network;
}

void declare(Keys& keys) {
  Declared declared;
  declare(keys, declared);
}

Config parse_config(const cni::Network& network) {
  Declared declared;
  network.config.read([&](Keys& keys) { declare(keys, declared); });
  Config config = std::move(declared.config);
  move_to(config.sets, declared.runtime);
  move_to(config.sets, declared.single);
  move_to(config.sets, declared.listed);
  if (config.sets.empty()) {
    throw Error{ErrorCode::invalid_config, "ipam: no IP ranges specified (subnet or ranges)"};
  }
  check_families(config.sets, network.version);
  check_overlaps(config.sets);
  exclude(config.sets, declared.excluded);
  return config;
}

Place parse_place(const cni::Network& network) {
  Place place;
  network.config.read([&](Keys& keys) {
    keys.object(
        "ipam", [&](Keys& ipam) { declare_place(ipam, place); }, "");
  });
  return place;
}

}  // namespace patchbay::hostlocal
