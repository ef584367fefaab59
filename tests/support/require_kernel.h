#pragma once

#include <cstdlib>
#include <string_view>

#include <gtest/gtest.h>

/// Ends a test that cannot run here: skipped with the reason, or failed with it when
/// PATCHBAY_REQUIRE_KERNEL=1 says that everything has to run (CI), so that no test rots unseen.
#define PATCHBAY_SKIP(reason)                                       \
  do {                                                              \
    const char* required = std::getenv("PATCHBAY_REQUIRE_KERNEL");  \
    if (required != nullptr && std::string_view{required} == "1") { \
      FAIL() << "must not be skipped here: " << (reason);           \
    }                                                               \
    GTEST_SKIP() << (reason);                                       \
  } while (false)
