#include <gtest/gtest.h>

#include "base/error.h"
#include "host-local/lease.h"
#include "host-local/resolv_conf.h"
#include "host-local/usable.h"
#include "support/temp_directory.h"

namespace patchbay::hostlocal {
namespace {

TEST(LeaseText, IsIdAndInterfaceOnTwoLinesWithoutAnEnd) {
  EXPECT_EQ(lease_text({"c1", "eth0"}), "c1\r\neth0");
}

TEST(ParseLease, ReadsWhatLeaseTextWrites) {
  EXPECT_EQ(parse_lease(lease_text({"c1", "eth0"})), (Holder{"c1", "eth0"}));
}

TEST(ParseLease, IgnoresSpaceAroundTheLines) {
  EXPECT_EQ(parse_lease(" c1 \r\n eth0\r\n"), (Holder{"c1", "eth0"}));
  EXPECT_EQ(parse_lease("c1\neth0\n"), (Holder{"c1", "eth0"}));
}

TEST(ParseLease, ReadsLeasesOfOld) {
  EXPECT_EQ(parse_lease("c1"), (Holder{"c1", ""}));
  EXPECT_EQ(parse_lease("c1\n"), (Holder{"c1", ""}));
}

TEST(ParseLease, RefusesWhatNamesNoContainer) {
  EXPECT_EQ(parse_lease(""), std::nullopt);
  EXPECT_EQ(parse_lease(" \r\n "), std::nullopt);
  EXPECT_EQ(parse_lease(std::string(8, '\0')), std::nullopt);
  EXPECT_EQ(parse_lease("../c1\r\neth0"), std::nullopt);
}

TEST(Holder, HashesDifferByInterface) {
  EXPECT_NE((Holder{"c1", "eth0"}.hash()), (Holder{"c1", "eth1"}.hash()));
  EXPECT_NE((Holder{"c1", "eth0"}.hash()), (Holder{"c1", ""}.hash()));
}

class ResolvConfTest : public testing::Test {
 protected:
  [[nodiscard]] cni::Dns read(const std::string& text) const {
    test::write_file(directory.path("resolv.conf"), text);
    return read_resolv_conf(directory.path("resolv.conf"));
  }

  test::TempDirectory directory;
};

using Words = std::vector<std::string>;

TEST_F(ResolvConfTest, ReadsEveryKeyword) {
  const auto dns = read(
      "# resolver\n; more\n\nnameserver 10.0.0.1\n\tnameserver fd00::1  # trailing\n"
      "domain example.org\nsearch a.example  b.example\nsearch c.example\r\n"
      "options ndots:5 edns0\nsortlist 10.0.0.0\nnameserver\nnonsense");

  EXPECT_EQ(dns.nameservers, (Words{"10.0.0.1", "fd00::1"}));
  EXPECT_EQ(dns.domain, "example.org");
  EXPECT_EQ(dns.search, (Words{"a.example", "b.example", "c.example"}));
  EXPECT_EQ(dns.options, (Words{"ndots:5", "edns0"}));
}

TEST_F(ResolvConfTest, OfAnEmptyFileIsEmpty) {
  EXPECT_TRUE(read("").empty());
}

TEST_F(ResolvConfTest, RefusesBytesThatNoResultCanCarry) {
  EXPECT_THROW((void)read("search \xff\xfe.example\n"), Error);
}

TEST_F(ResolvConfTest, NamesTheKeyOfAFileThatIsMissing) {
  try {
    (void)read_resolv_conf(directory.path("absent"));
    FAIL() << "read";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_config);
    EXPECT_EQ(std::string{e.what()}.find("ipam.resolvConf: "), 0U);
  }
}

TEST(RequireUsable, AcceptsWhatCouldBeMade) {
  const test::TempDirectory directory;

  EXPECT_NO_THROW(require_usable(directory.path()));
  EXPECT_NO_THROW(require_usable(directory.path("a/b/c")));
  EXPECT_TRUE(test::names_in(directory.path()).empty());
}

TEST(RequireUsable, RefusesWhatIsInAFile) {
  const test::TempDirectory directory;
  test::write_file(directory.path("file"), "");

  EXPECT_THROW(require_usable(directory.path("file")), Error);
  EXPECT_THROW(require_usable(directory.path("file/net")), Error);
}

TEST(RequireUsable, RefusesALink) {
  const test::TempDirectory directory;
  std::filesystem::create_symlink(directory.path(), directory.path("net"));

  EXPECT_THROW(require_usable(directory.path("net")), Error);
}

}  // namespace
}  // namespace patchbay::hostlocal
