#pragma once

#include <cstdint>
#include <functional>

#include "cni/keys.h"

namespace patchbay::attach {

/// Declares the keys of one entry of a trunk (minID with maxID, or id; each in `ids`) and hands
/// over what it names as inclusive ranges. Throws Error{invalid_config} when minID and maxID do not
/// go together.
void declare_trunk_entry(
    cni::Keys& keys,
    cni::Bounds ids,
    const std::function<void(std::uint16_t first, std::uint16_t last)>& take);

}  // namespace patchbay::attach
