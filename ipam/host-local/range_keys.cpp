#include "range_keys.h"

#include <optional>
#include <utility>

#include "base/error.h"

namespace patchbay::hostlocal {

namespace {

using cni::Format;
using cni::Keys;

/// The keys of one range as they were read.
struct RangeKeys {
  std::optional<IpPrefix> subnet;
  std::optional<IpAddr> first;
  std::optional<IpAddr> last;
  std::optional<IpAddr> gateway;
  std::vector<Span> excluded;
};

/// An address that may be given as "", which Go's net.IP takes for none.
Keys::Text into(std::optional<IpAddr>& target) {
  return [&target](const std::string& text) {
    target = text.empty() ? std::nullopt : std::optional{IpAddr::parse(text)};
  };
}

void declare_subnet(Keys& keys, RangeKeys& range) {
  keys.parsed(
      "subnet",
      Format::cidr,
      [&](const std::string& text) { range.subnet = IpPrefix::parse(text); },
      "subnet to lease addresses of");
  keys.parsed("rangeStart", Format::ip, into(range.first), "first address; the subnet's second");
  keys.parsed("rangeEnd", Format::ip, into(range.last), "last address; the subnet's last usable");
  keys.parsed("gateway", Format::ip, into(range.gateway), "gateway; the subnet's second address");
}

void check_subnet(const Keys& keys, const IpPrefix& subnet) {
  const std::string path = keys.path_of("subnet");
  if (subnet.length() > subnet.address().bits() - 2) {
    reject(path, subnet.str(), "is too small to lease addresses of");
  }
  if (subnet != subnet.network()) {
    reject(path, subnet.str(), "must have no host bits; its network is " + subnet.network().str());
  }
}

/// The range from the keys of `keys`, completed and checked (allocator/range.go, Canonicalize).
Range make_range(const Keys& keys, const RangeKeys& given) {
  const IpPrefix& subnet = *given.subnet;
  check_subnet(keys, subnet);
  const bool v6 = subnet.is_v6();
  const IpAddr second{v6, subnet.first().value() + 1};
  const IpAddr usable{v6, subnet.last().value() - (v6 ? 0 : 1)};
  Range range{
      .subnet = subnet,
      .gateway = given.gateway.value_or(second),
      .span = {given.first.value_or(second), given.last.value_or(usable)},
      .excluded = given.excluded,
      .path = keys.path_of("subnet")};
  for (const auto& [name, address] :
       {std::pair{"rangeStart", range.span.first}, std::pair{"rangeEnd", range.span.last}}) {
    if (!subnet.contains(address)) {
      reject(keys.path_of(name), address.str(), "must be in the subnet " + subnet.str());
    }
  }
  if (range.span.last < range.span.first) {
    const char* name = given.first ? "rangeStart" : "rangeEnd";
    reject(keys.path_of(name), range.span.str(), "must not go downwards");
  }
  if (range.gateway.is_v6() != v6) {
    const std::string rule = "must be of the address family of the subnet " + subnet.str();
    reject(keys.path_of("gateway"), range.gateway.str(), rule);
  }
  for (const Span& span : given.excluded) {
    if (!subnet.contains(span.first) || !subnet.contains(span.last)) {
      reject(keys.path_of("exclude"), span.str(), "must be in the subnet " + subnet.str());
    }
  }
  return range;
}

void declare_range(Keys& keys, RangeSet& set) {
  RangeKeys given;
  declare_subnet(keys, given);
  keys.required("subnet");
  declare_excluded(keys, given.excluded);
  if (given.subnet) {
    set.ranges.push_back(make_range(keys, given));
  }
}

}  // namespace

void reject(const std::string& path, std::string_view value, const std::string& rule) {
  throw Error{ErrorCode::invalid_config, path + ": " + quote(value) + " " + rule};
}

void declare_excluded(cni::Keys& keys, std::vector<Span>& excluded) {
  keys.texts(
      "exclude",
      Format::text,
      [&](const std::string& text) { excluded.push_back(parse_span(text)); },
      "never leased unasked: \"10.1.0.10\", \"10.1.0.64/28\" or \"10.1.0.100-10.1.0.110\"");
}

void declare_single_range(cni::Keys& keys, std::vector<RangeSet>& sets) {
  RangeKeys given;
  declare_subnet(keys, given);
  if (given.subnet) {
    sets.push_back({{make_range(keys, given)}});
  }
}

void declare_sets(
    cni::Keys& keys, std::string_view name, std::vector<RangeSet>& sets, std::string_view help) {
  keys.nested_objects(
      name,
      [&] { sets.emplace_back(); },
      [&](Keys& item) { declare_range(item, sets.back()); },
      help);
  for (std::size_t i = 0; i < sets.size() && keys.has(name); ++i) {
    if (sets[i].ranges.empty()) {
      const std::string path = keys.path_of(name) + "[" + std::to_string(i) + "]";
      throw Error{ErrorCode::invalid_config, path + ": [] must hold at least one range"};
    }
  }
}

}  // namespace patchbay::hostlocal
