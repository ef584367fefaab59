#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cni/keys.h"
#include "range.h"

namespace patchbay::hostlocal {

/// Throws Error{invalid_config}: "<path>: '<value>' <rule>".
[[noreturn]] void reject(const std::string& path, std::string_view value, const std::string& rule);

/// Declares "exclude", in a range or for all of them.
void declare_excluded(cni::Keys& keys, std::vector<Span>& excluded);
/// Declares a range by keys that stand directly in `keys`, as configurations had it before there
/// were range sets. Appends a set when there is a "subnet"; otherwise the other keys mean nothing.
void declare_single_range(cni::Keys& keys, std::vector<RangeSet>& sets);
/// Declares the array `name` of range sets; every range in it is completed and checked.
void declare_sets(
    cni::Keys& keys, std::string_view name, std::vector<RangeSet>& sets, std::string_view help);

}  // namespace patchbay::hostlocal
