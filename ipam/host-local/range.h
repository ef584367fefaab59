#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace patchbay::hostlocal {

/// The addresses from `first` to `last`, both included; of one family, and not empty.
struct Span {
  IpAddr first;
  IpAddr last;

  [[nodiscard]] bool contains(const IpAddr& address) const {
    return first <= address && address <= last;
  }
  [[nodiscard]] bool overlaps(const Span& other) const {
    return first <= other.last && other.first <= last;
  }
  /// "10.1.0.2-10.1.0.9"
  [[nodiscard]] std::string str() const { return first.str() + "-" + last.str(); }
};

/// Reads "10.1.0.10", "10.1.0.64/28" (without host bits) or "10.1.0.100-10.1.0.110".
/// Throws Error{invalid_config} quoting `text`.
Span parse_span(std::string_view text);

/// Part of one subnet, out of which addresses are leased.
struct Range {
  IpPrefix subnet;
  IpAddr gateway;
  Span span;
  std::vector<Span> excluded;  ///< Never leased unless somebody asks for them by name.
  std::string path;            ///< The key that declared it, for messages: "ipam.ranges[0][1]".

  /// What may be leased without being asked for: without the gateway and what is excluded; in
  /// ascending order.
  [[nodiscard]] std::vector<Span> free_spans() const;
};

/// Ranges of one family; an attachment gets one address out of each set.
struct RangeSet {
  std::vector<Range> ranges;

  /// The range that holds `address`; null when none does.
  [[nodiscard]] const Range* find(const IpAddr& address) const;
  /// What may be leased, in the order in which to try it: from the address after `last` to the end
  /// of its range, through the ranges that follow, round to `last` itself; from the beginning when
  /// `last` is absent or not in the set.
  [[nodiscard]] std::vector<Span> walk(const std::optional<IpAddr>& last) const;
  /// "10.1.0.1-10.1.0.254,10.2.0.1-10.2.0.254"
  [[nodiscard]] std::string str() const;
};

/// True when one of the sets holds `address`.
bool contains(const std::vector<RangeSet>& sets, const IpAddr& address);

}  // namespace patchbay::hostlocal
