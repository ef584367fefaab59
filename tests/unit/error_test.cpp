#include "base/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(QuoteTest, EscapesWhatWouldHarmALine) {
  EXPECT_EQ(quote("cni0"), "'cni0'");
  EXPECT_EQ(quote(""), "''");
  EXPECT_EQ(quote("a\nb\x7f\xc3\xa9"), "'a\\x0ab\\x7f\\xc3\\xa9'");
  EXPECT_EQ(quote(std::string_view{"a\0b", 3}), "'a\\x00b'");
}

TEST(QuoteTest, CutsLongText) {
  EXPECT_EQ(quote(std::string(1000, 'x')), "'" + std::string(200, 'x') + "...'");
}

TEST(SystemErrorTest, NamesTheAttemptItsCauseAndTheKernelsWords) {
  const SystemError plain{EBUSY, "set master of 'veth1'"};
  const SystemError extended{EINVAL, "add route", "Nexthop has invalid gateway"};

  EXPECT_STREQ(plain.what(), "set master of 'veth1': Device or resource busy");
  EXPECT_STREQ(extended.what(), "add route: Invalid argument (Nexthop has invalid gateway)");
  EXPECT_EQ(plain.code(), ErrorCode::kernel);
  EXPECT_EQ(plain.errno_value(), EBUSY);
}

TEST(SystemErrorTest, FullOrFailingDiskIsAnIoFailure) {
  for (const int error : {ENOSPC, EDQUOT, EROFS, EIO}) {
    EXPECT_EQ(SystemError(error, "write").code(), ErrorCode::io_failure) << error;
  }
}

}  // namespace
}  // namespace patchbay
