#include "range.h"

#include <algorithm>

#include "base/error.h"

namespace patchbay::hostlocal {

namespace {

IpAddr successor(const IpAddr& address) {
  return {address.is_v6(), address.value() + 1};
}

IpAddr predecessor(const IpAddr& address) {
  return {address.is_v6(), address.value() - 1};
}

Span prefix_span(std::string_view text) {
  const IpPrefix prefix = IpPrefix::parse(text);
  if (prefix != prefix.network()) {
    throw Error{
        ErrorCode::invalid_config,
        quote(text) + " must have no host bits; its network is " + quote(prefix.network().str())};
  }
  return {prefix.first(), prefix.last()};
}

/// The part of `span` behind `last`, or, if not `behind`, up to and including it.
std::optional<Span> part(const Span& span, const IpAddr& last, bool behind) {
  if (behind ? span.last <= last : last < span.first) {
    return std::nullopt;
  }
  if (!span.contains(last)) {
    return span;
  }
  return behind ? Span{successor(last), span.last} : Span{span.first, last};
}

void append_parts(
    std::vector<Span>& walk, const std::vector<Span>& spans, const IpAddr& last, bool behind) {
  for (const Span& span : spans) {
    if (const auto piece = part(span, last, behind)) {
      walk.push_back(*piece);
    }
  }
}

}  // namespace

Span parse_span(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    return prefix_span(text);
  }
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    const IpAddr address = IpAddr::parse(text);
    return {address, address};
  }
  const Span span{IpAddr::parse(text.substr(0, dash)), IpAddr::parse(text.substr(dash + 1))};
  if (span.first.is_v6() != span.last.is_v6() || span.last < span.first) {
    throw Error{
        ErrorCode::invalid_config,
        quote(text) + " must go upwards from one address to another of the same family"};
  }
  return span;
}

std::vector<Span> Range::free_spans() const {
  std::vector<Span> holes;
  std::copy_if(
      excluded.begin(), excluded.end(), std::back_inserter(holes), [this](const Span& hole) {
        return hole.overlaps(span);
      });
  if (span.contains(gateway)) {
    holes.push_back({gateway, gateway});
  }
  std::sort(
      holes.begin(), holes.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
  std::vector<Span> spans;
  IpAddr begin = span.first;
  for (const Span& hole : holes) {
    if (hole.last < begin) {
      continue;
    }
    if (begin < hole.first) {
      spans.push_back({begin, predecessor(hole.first)});
    }
    if (span.last <= hole.last) {
      return spans;
    }
    begin = successor(hole.last);
  }
  spans.push_back({begin, span.last});
  return spans;
}

const Range* RangeSet::find(const IpAddr& address) const {
  const auto found = std::find_if(ranges.begin(), ranges.end(), [&](const Range& range) {
    return range.span.contains(address);
  });
  return found == ranges.end() ? nullptr : &*found;
}

std::vector<Span> RangeSet::walk(const std::optional<IpAddr>& last) const {
  const Range* begin = last ? find(*last) : nullptr;
  const std::size_t first = begin == nullptr ? 0 : static_cast<std::size_t>(begin - ranges.data());
  std::vector<Span> walk;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto spans = ranges[(first + i) % ranges.size()].free_spans();
    if (i == 0 && begin != nullptr) {
      append_parts(walk, spans, *last, true);
    } else {
      walk.insert(walk.end(), spans.begin(), spans.end());
    }
  }
  if (begin != nullptr) {
    append_parts(walk, begin->free_spans(), *last, false);
  }
  return walk;
}

std::string RangeSet::str() const {
  std::string text;
  for (const Range& range : ranges) {
    text += (text.empty() ? "" : ",") + range.span.str();
  }
  return text;
}

bool contains(const std::vector<RangeSet>& sets, const IpAddr& address) {
  return std::any_of(
      sets.begin(), sets.end(), [&](const RangeSet& set) { return set.find(address) != nullptr; });
}

}  // namespace patchbay::hostlocal
