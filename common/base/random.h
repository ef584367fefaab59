#pragma once

#include <cstdint>

namespace patchbay {

/// 64 random bits from the kernel. Throws SystemError.
std::uint64_t random_bits();

}  // namespace patchbay
