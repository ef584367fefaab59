#include <cerrno>

#include "kernel/netlink.h"
#include "nft/masquerade.h"
#include "nft/owned_set.h"
#include "nft/spoofcheck.h"

namespace patchbay::test {
namespace {

class NftablesTest : public NetlinkTest {
 protected:
  void SetUp() override {
    NetlinkTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      connection_.emplace();
    }
  }
  void TearDown() override {
    connection_.reset();
    NetlinkTest::TearDown();
  }

  nft::Connection& connection() { return *connection_; }
  static std::string ruleset() { return shell("nft list ruleset"); }
  static bool shows(const std::string& text) { return ruleset().find(text) != std::string::npos; }

  const Owner owner_{"net1", "c1", "eth0"};
  const Owner other_{"net1", "c2", "eth0"};

 private:
  std::optional<nft::Connection> connection_;
};

/// A predicate for gtest: `call` throws Error{check_failed} whose message contains `part`.
template <typename Call>
testing::AssertionResult fails_check(Call&& call, const std::string& part) {
  try {
    call();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::check_failed &&
        std::string{e.what()}.find(part) != std::string::npos) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << e.what();
  }
  return testing::AssertionFailure() << "nothing was thrown";
}

class MasqueradeTest : public NftablesTest {
 protected:
  void add(const Owner& owner) { nft::add_masquerade(connection(), owner, address_); }
  void check(const Owner& owner) { nft::check_masquerade(connection(), owner, address_); }
  /// That of the only network.
  static std::string set_name() {
    const std::string listed = shell("nft list sets inet | grep -o 'net_[0-9a-f]*'");
    return listed.substr(0, listed.find('\n'));
  }

  const IpPrefix address_ = IpPrefix::parse("10.1.0.2/24");
};

TEST_F(MasqueradeTest, AddMakesEverythingOnAnEmptyHost) {
  add(owner_);

  EXPECT_TRUE(shows("10.1.0.2 comment \"net1:c1:eth0\"")) << ruleset();
  EXPECT_TRUE(shows("ip saddr @" + set_name() + " goto " + set_name())) << ruleset();
  EXPECT_TRUE(shows("ip daddr 10.1.0.0/24 return")) << ruleset();
  EXPECT_TRUE(shows("ip daddr 224.0.0.0/4 return")) << ruleset();
  EXPECT_TRUE(shows("type nat hook postrouting priority srcnat")) << ruleset();
  EXPECT_NO_THROW(check(owner_));
}

TEST_F(MasqueradeTest, AddOfIpv6MakesEverything) {
  const auto address = IpPrefix::parse("fd00:1::2/64");

  nft::add_masquerade(connection(), owner_, address);

  EXPECT_TRUE(shows("fd00:1::2 comment \"net1:c1:eth0\"")) << ruleset();
  EXPECT_TRUE(shows("ip6 saddr @" + set_name() + " goto " + set_name())) << ruleset();
  EXPECT_TRUE(shows("ip6 daddr fd00:1::/64 return")) << ruleset();
  EXPECT_TRUE(shows("ip6 daddr ff00::/8 return")) << ruleset();
  EXPECT_NO_THROW(nft::check_masquerade(connection(), owner_, address));
}

TEST_F(MasqueradeTest, AddTwiceChangesNothing) {
  add(owner_);
  const auto before = ruleset();

  add(owner_);

  EXPECT_EQ(ruleset(), before);
}

TEST_F(MasqueradeTest, AddOfAnAddressThatChangedHandsReplaces) {
  add(other_);

  add(owner_);

  EXPECT_FALSE(shows("net1:c2:eth0"));
  EXPECT_NO_THROW(check(owner_));
}

TEST_F(MasqueradeTest, AddBesideForeignTablesLeavesThem) {
  shell("nft add table inet foreign; nft add chain inet foreign masquerade4");

  add(owner_);

  EXPECT_TRUE(shows("table inet foreign"));
}

TEST_F(MasqueradeTest, AddAfterAFlushOfTheRulesetSucceeds) {
  add(owner_);
  shell("nft flush ruleset");

  add(owner_);

  EXPECT_NO_THROW(check(owner_));
}

TEST_F(MasqueradeTest, NetworksOfOneSubnetHaveChainsOfTheirOwn) {
  add(owner_);
  nft::add_masquerade(connection(), {"net2", "c1", "eth0"}, IpPrefix::parse("10.1.0.3/24"));

  const auto text = shell("nft list chains");
  const auto first = text.find("chain net_");
  EXPECT_NE(text.find("chain net_", first + 1), std::string::npos);
}

TEST_F(MasqueradeTest, RemoveByAddressTakesTheElement) {
  add(owner_);

  nft::remove_masquerade(connection(), owner_, {address_});

  EXPECT_FALSE(shows("10.1.0.2"));
}

TEST_F(MasqueradeTest, RemoveByOwnerTakesAllItsElementsAndNoOthers) {
  add(owner_);
  nft::add_masquerade(connection(), owner_, IpPrefix::parse("fd00:1::2/64"));
  nft::add_masquerade(connection(), other_, IpPrefix::parse("10.1.0.3/24"));
  nft::add_masquerade(connection(), {"net1", "c1", "eth1"}, IpPrefix::parse("10.1.0.4/24"));

  nft::remove_masquerade(connection(), owner_);

  EXPECT_FALSE(shows("net1:c1:eth0"));
  EXPECT_TRUE(shows("net1:c2:eth0"));
  EXPECT_TRUE(shows("net1:c1:eth1"));
}

TEST_F(MasqueradeTest, RemoveOfAnAddressOfSomebodyElseLeavesIt) {
  add(other_);

  nft::remove_masquerade(connection(), owner_, {address_});

  EXPECT_TRUE(shows("net1:c2:eth0"));
}

TEST_F(MasqueradeTest, RemoveTwiceSucceeds) {
  add(owner_);
  nft::remove_masquerade(connection(), owner_, {address_});

  EXPECT_NO_THROW(nft::remove_masquerade(connection(), owner_, {address_}));
  EXPECT_NO_THROW(nft::remove_masquerade(connection(), owner_));
}

TEST_F(MasqueradeTest, RemoveWithoutTableSucceedsAndMakesNone) {
  EXPECT_NO_THROW(nft::remove_masquerade(connection(), owner_, {address_}));
  EXPECT_NO_THROW(nft::remove_masquerade(connection(), owner_));

  EXPECT_EQ(ruleset(), "");
}

TEST_F(MasqueradeTest, CheckNamesTheMissingElement) {
  add(owner_);
  shell("nft flush set inet patchbay " + set_name());

  EXPECT_TRUE(fails_check([&] { check(owner_); }, "10.1.0.2"));
}

TEST_F(MasqueradeTest, CheckOfAnElementOfSomebodyElseFails) {
  add(other_);

  EXPECT_TRUE(fails_check([&] { check(owner_); }, "10.1.0.2"));
}

TEST_F(MasqueradeTest, CheckWithoutTableFails) {
  EXPECT_TRUE(fails_check([&] { check(owner_); }, "has no element for 10.1.0.2"));
}

TEST_F(MasqueradeTest, CheckNoticesAFlushedTable) {
  add(owner_);
  shell("nft flush table inet patchbay");

  EXPECT_TRUE(fails_check([&] { check(owner_); }, "lost its rules"));
}

TEST_F(MasqueradeTest, CheckNoticesAFlushedBaseChainBesideAnotherNetwork) {
  add(owner_);
  shell("nft flush chain inet patchbay postrouting");
  nft::add_masquerade(connection(), {"net2", "c1", "eth0"}, IpPrefix::parse("10.2.0.2/24"));

  EXPECT_TRUE(fails_check([&] { check(owner_); }, "lost its rules"));
}

TEST_F(MasqueradeTest, ForeignSetInTheTableIsLeftAlone) {
  add(owner_);
  shell("nft 'add set inet patchbay s { type ipv4_addr ; elements = { 10.1.0.2 } }'");

  EXPECT_NO_THROW(check(owner_));
  nft::remove_masquerade_if(connection(), [](const std::string&) { return true; });

  EXPECT_FALSE(shows("net1:c1:eth0"));
  EXPECT_TRUE(shows("elements = { 10.1.0.2 }"));
}

TEST_F(MasqueradeTest, AddToASetOfAnotherTypeIsRefused) {
  add(owner_);
  const std::string name = set_name();
  shell(
      "nft flush ruleset; nft add table inet patchbay;"
      "nft 'add set inet patchbay " +
      name + " { type inet_service ; }'");

  EXPECT_THROW(add(owner_), SystemError);
}

class SpoofcheckTest : public NftablesTest {
 protected:
  void add(const Owner& owner) { nft::add_spoofcheck(connection(), owner, port_, mac_); }
  void check() { nft::check_spoofcheck(connection(), owner_, port_, mac_); }

  const IfName port_ = IfName::parse("veth12345678");
  const MacAddr mac_ = MacAddr::parse("02:00:00:00:00:07");
};

TEST_F(SpoofcheckTest, AddMakesEverythingOnAnEmptyHost) {
  add(owner_);

  EXPECT_TRUE(shows("\"veth12345678\" . 02:00:00:00:00:07 comment \"net1:c1:eth0\"")) << ruleset();
  EXPECT_TRUE(shows("iifname . ether saddr != @port_macs drop")) << ruleset();
  EXPECT_NO_THROW(check());
}

TEST_F(SpoofcheckTest, AddTwiceChangesNothing) {
  add(owner_);
  const auto before = ruleset();

  add(owner_);

  EXPECT_EQ(ruleset(), before);
}

TEST_F(SpoofcheckTest, RemoveTakesTheElement) {
  add(owner_);

  nft::remove_spoofcheck(connection(), owner_, port_, mac_);

  EXPECT_FALSE(shows("veth12345678"));
}

TEST_F(SpoofcheckTest, RemoveByOwnerTakesTheElement) {
  add(owner_);

  nft::remove_spoofcheck(connection(), owner_);

  EXPECT_FALSE(shows("veth12345678"));
}

TEST_F(SpoofcheckTest, RemoveLeavesThoseOfOthers) {
  add(other_);

  nft::remove_spoofcheck(connection(), owner_, port_, mac_);
  nft::remove_spoofcheck(connection(), owner_);

  EXPECT_TRUE(shows("net1:c2:eth0"));
}

TEST_F(SpoofcheckTest, RemoveWithoutTableSucceeds) {
  EXPECT_NO_THROW(nft::remove_spoofcheck(connection(), owner_, port_, mac_));
  EXPECT_NO_THROW(nft::remove_spoofcheck(connection(), owner_));
}

TEST_F(SpoofcheckTest, CheckNamesWhatIsMissing) {
  EXPECT_TRUE(fails_check([&] { check(); }, "veth12345678"));
}

TEST_F(SpoofcheckTest, CheckNoticesAFlushedTable) {
  add(owner_);
  shell("nft flush chain bridge patchbay spoofcheck");

  EXPECT_TRUE(fails_check([&] { check(); }, "lost its rules"));
}

class OwnedSetTest : public NftablesTest {
 protected:
  void SetUp() override {
    NftablesTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      shell("nft add table inet patchbay; nft 'add set inet patchbay s { type ipv4_addr ; }'");
    }
  }

  nft::OwnedSet set() { return {connection(), nft::Family::inet, "s"}; }
  static std::string key(unsigned number) {
    const auto bytes = IpAddr{false, (10U << 24U) + number}.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), 4};
  }
  void fill(unsigned count) {
    std::string elements;
    for (unsigned i = 0; i < count; ++i) {
      elements += IpAddr{false, (10U << 24U) + i}.str() + " comment \"net1:c" + std::to_string(i) +
                  ":eth0\",";
    }
    shell("echo 'add element inet patchbay s { " + elements + " }' | nft -f -");
  }
};

constexpr unsigned kMany = 2000;

TEST_F(OwnedSetTest, AddedElementIsFoundWithItsLabel) {
  EXPECT_TRUE(set().add({key(1), "net1:c1:eth0"}));

  const auto found = set().find(key(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, key(1));
  EXPECT_EQ(found->label, "net1:c1:eth0");
}

TEST_F(OwnedSetTest, AddReplacesTheLabel) {
  set().add({key(1), "net1:c1:eth0"});

  EXPECT_TRUE(set().add({key(1), "net1:c2:eth0"}));

  EXPECT_EQ(set().find(key(1))->label, "net1:c2:eth0");
}

TEST_F(OwnedSetTest, AddToAMissingSetReturnsFalse) {
  nft::OwnedSet missing{connection(), nft::Family::inet, "none"};

  EXPECT_FALSE(missing.add({key(1), "net1:c1:eth0"}));
}

TEST_F(OwnedSetTest, AddOfAKeyOfAnotherLengthIsRefused) {
  EXPECT_TRUE(is_refused(
      [&] {
        set().add({"123456789", "x:y:z"});
      },
      EINVAL,
      "add an element to nftables set 's': "));
}

TEST_F(OwnedSetTest, FindOfAMissingElementIsNothing) {
  EXPECT_FALSE(set().find(key(1)));
}

TEST_F(OwnedSetTest, FindAndListWithoutTableAreEmpty) {
  shell("nft delete table inet patchbay");

  EXPECT_FALSE(set().find(key(1)));
  EXPECT_TRUE(set().list().empty());
}

TEST_F(OwnedSetTest, ElementWithoutCommentHasNoLabel) {
  shell("nft 'add element inet patchbay s { 10.0.0.1 }'");

  EXPECT_EQ(set().find(key(1))->label, "");
}

TEST_F(OwnedSetTest, LongestLabelSurvives) {
  const Owner longest{std::string(300, 'n'), std::string(300, 'c'), "fifteen-letters"};

  set().add({key(1), longest.label()});

  EXPECT_EQ(set().find(key(1))->label, longest.label());
  EXPECT_TRUE(shows(longest.label().substr(0, 100)));
}

TEST_F(OwnedSetTest, ListOfThousandsIsComplete) {
  fill(kMany);

  const auto all = set().list();

  EXPECT_EQ(all.size(), kMany);
  EXPECT_TRUE(std::all_of(
      all.begin(), all.end(), [](const auto& one) { return one.label.rfind("net1:c", 0) == 0; }));
}

TEST_F(OwnedSetTest, RemoveTakesOnlyOurs) {
  set().add({key(1), "net1:c1:eth0"});

  EXPECT_FALSE(set().remove(key(1), "net1:c2:eth0"));
  EXPECT_TRUE(set().remove(key(1), "net1:c1:eth0"));
  EXPECT_FALSE(set().remove(key(1), "net1:c1:eth0"));
}

TEST_F(OwnedSetTest, RemoveIfTakesTheChosen) {
  fill(10);

  set().remove_if([](const auto& one) { return one.label != "net1:c3:eth0"; });

  ASSERT_EQ(set().list().size(), 1U);
  EXPECT_EQ(set().list().front().label, "net1:c3:eth0");
}

TEST_F(OwnedSetTest, RemoveIfTakesThousands) {
  fill(kMany);

  set().remove_if([](const auto& one) { return one.key != key(7); });

  EXPECT_EQ(set().list().size(), 1U);
}

/// The choice is made after the list; what vanishes in between must not keep the rest.
TEST_F(OwnedSetTest, RemoveIfGoesOnWhenSomebodyElseRemovesOne) {
  fill(10);
  bool vanished = false;

  set().remove_if([&](const auto&) {
    if (!vanished) {
      shell("nft 'delete element inet patchbay s { 10.0.0.5 }'");
      vanished = true;
    }
    return true;
  });

  EXPECT_TRUE(set().list().empty());
}

}  // namespace
}  // namespace patchbay::test
