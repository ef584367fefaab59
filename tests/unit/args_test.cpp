#include "cni/args.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/thrown.h"

namespace patchbay::cni {
namespace {

using test::thrown_by;

constexpr const char* kKubernetes =
    "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c1";

TEST(ArgsTest, FindsAValueByItsExactKey) {
  const Args args{"IP=10.1.0.5;MAC=0a:00:00:00:00:01"};

  EXPECT_EQ(args.find("IP"), "10.1.0.5");
  EXPECT_EQ(args.find("MAC"), "0a:00:00:00:00:01");
  EXPECT_FALSE(args.find("ip"));
  EXPECT_FALSE(args.find("GATEWAY"));
}

TEST(ArgsTest, LastDuplicateWins) {
  EXPECT_EQ(Args{"IP=10.1.0.5;IP=10.1.0.6"}.find("IP"), "10.1.0.6");
}

TEST(ArgsTest, EmptyTextHoldsNothing) {
  EXPECT_FALSE(Args{""}.find("IP"));
  EXPECT_NO_THROW(Args{""}.require_known());
}

TEST(ArgsTest, EmptyValueIsAValue) {
  EXPECT_EQ(Args{"IP="}.find("IP"), "");
}

TEST(ArgsTest, ElementsMustBePairs) {
  for (const char* text : {"IP", ";IP=1", "IP=1;;MAC=2", "IP=1=2", ";"}) {
    const Args args{text};
    const Error error = thrown_by([&] { (void)args.find("MAC"); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_environment) << text;
    EXPECT_TRUE(std::string_view{error.what()}.starts_with("CNI_ARGS: ")) << error.what();
  }
}

TEST(ArgsTest, SeparatorAtTheEndIsHarmless) {
  EXPECT_EQ(Args{"IP=10.1.0.5;"}.find("IP"), "10.1.0.5");
}

TEST(ArgsTest, UnknownKeysNeedIgnoreUnknown) {
  EXPECT_NO_THROW(Args{kKubernetes}.require_known());
  EXPECT_NO_THROW(Args{"FOO=1;IgnoreUnknown=true"}.require_known());
  EXPECT_NO_THROW(Args{"IP=1;GATEWAY=2;MAC=3"}.require_known());
  for (const char* text : {"FOO=1", "FOO=1;IgnoreUnknown=0", "FOO=1;IgnoreUnknown=false"}) {
    const Args args{text};
    const Error error = thrown_by([&] { args.require_known(); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_environment) << text;
    EXPECT_NE(std::string_view{error.what()}.find("'FOO'"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace patchbay::cni
