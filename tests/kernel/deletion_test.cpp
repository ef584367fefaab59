#include "netlink/deletion.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include <net/if.h>

#include "kernel/netlink.h"
#include "netlink/bridge.h"
#include "netlink/veth.h"

namespace patchbay::test {
namespace {

class DeletionTest : public NetlinkTest {
 protected:
  void SetUp() override {
    NetlinkTest::SetUp();
    ::unsetenv("PATCHBAY_WAIT_FOR_DELETE");
  }

  nl::Link make_pair(std::optional<IfIndex> master = std::nullopt) {
    return nl::add_veth(
        host(),
        {.ifname = IfName::parse("eth0"),
         .owner = {"net1", "c1", "eth0"},
         .container = container_ns(),
         .master = master});
  }
  nl::PairDeletion::OtherEnd far() {
    return {container_ns(), nl::get_link(container(), IfName::parse("eth0")).index};
  }
  void expect_gone(const nl::Link& near) {
    EXPECT_FALSE(nl::find_link(host(), near.name));
    EXPECT_FALSE(nl::find_link(container(), IfName::parse("eth0")));
  }
  static std::size_t count_children() {
    const auto text = shell("cat /proc/" + std::to_string(::getpid()) + "/task/*/children");
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), ' '));
  }
};

TEST_F(DeletionTest, BothEndsAreGoneWhenItReturns) {
  const auto near = make_pair();

  nl::PairDeletion{host(), near.index, far()}.wait();

  expect_gone(near);
}

/// Asked in a way that does not wait for the kernel to be done with the request.
TEST_F(DeletionTest, BothNamesAreFreeWhenTheEndsAreUnlisted) {
  const auto near = make_pair();
  nl::PairDeletion deletion{host(), near.index, far()};

  deletion.wait_until_unlisted();

  EXPECT_EQ(::if_nametoindex(near.name.str().c_str()), 0U);
  {
    const netns::ScopedNetns inside{container_ns()};
    EXPECT_EQ(::if_nametoindex("eth0"), 0U);
  }
  deletion.wait();
}

/// Again in a way that does not wait.
TEST_F(DeletionTest, TheBridgeHasLostItsPortWhenItReturns) {
  const auto bridge = nl::ensure_bridge(host(), {.name = IfName::parse("br0")}).link;
  const std::filesystem::path ports{"/sys/class/net/br0/brif"};
  for (int round = 0; round < 20; ++round) {
    const auto near = make_pair(bridge.index);
    ASSERT_TRUE(std::filesystem::exists(ports / near.name.str()));
    nl::PairDeletion deletion{host(), near.index, far()};
    deletion.wait_until_unlisted();

    deletion.wait();

    EXPECT_TRUE(std::filesystem::is_empty(ports));
  }
}

TEST_F(DeletionTest, NamesCanBeTakenAgainAtOnce) {
  const auto near = make_pair();
  nl::PairDeletion{host(), near.index, far()}.wait();

  EXPECT_EQ(make_pair().name, near.name);
}

TEST_F(DeletionTest, OfAnUnknownOtherEndAwaitsTheNearOne) {
  const auto near = make_pair();

  nl::PairDeletion{host(), near.index, std::nullopt}.wait();

  expect_gone(near);
}

TEST_F(DeletionTest, OfWhatIsGoneAlreadySucceeds) {
  const auto near = make_pair();
  const auto other = far();
  nl::delete_link(host(), near.index);

  EXPECT_NO_THROW((nl::PairDeletion{host(), near.index, other}.wait()));
}

TEST_F(DeletionTest, WaitsItselfWhenTold) {
  ::setenv("PATCHBAY_WAIT_FOR_DELETE", "1", 1);
  const auto near = make_pair();

  nl::PairDeletion deletion{host(), near.index, far()};
  deletion.wait_until_unlisted();
  expect_gone(near);
  deletion.wait();

  EXPECT_EQ(count_children(), 1U) << "the shell that counts, and nothing else";
}

TEST_F(DeletionTest, ChildThatCannotSendIsReplaced) {
  const auto near = make_pair();

  EXPECT_NO_THROW((nl::PairDeletion{host(), IfIndex{999'999}, std::nullopt}.wait()));

  EXPECT_TRUE(nl::find_link(host(), near.name));
}

/// As when the container has deleted its end and made another link: the host's end counts.
TEST_F(DeletionTest, OfAnOtherEndThatIsNoneDeletesThePair) {
  const auto near = make_pair();
  nl::PairDeletion deletion{
      host(), near.index, nl::PairDeletion::OtherEnd{container_ns(), IfIndex{999'999}}};

  deletion.wait_until_unlisted();
  expect_gone(near);
  EXPECT_NO_THROW(deletion.wait());
}

/// The write end stays open in the child until the kernel is done; then the pipe ends.
TEST_F(DeletionTest, ChildKeepsOneDescriptorAndClosesTheOthers) {
  std::array<int, 2> kept{};
  std::array<int, 2> other{};
  ASSERT_EQ(::pipe2(kept.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(other.data(), O_CLOEXEC), 0);
  const auto near = make_pair();

  nl::PairDeletion{host(), near.index, far(), kept[1]}.wait();
  ::close(kept[1]);
  ::close(other[1]);

  char byte = 0;
  EXPECT_EQ(::read(other[0], &byte, 1), 0);
  EXPECT_EQ(::read(kept[0], &byte, 1), 0);
  ::close(kept[0]);
  ::close(other[0]);
}

class GroupDeletionTest : public DeletionTest {
 protected:
  /// A pair whose ends are called after `name`; the far one lives in the container.
  nl::Link make_pair_of(const std::string& name, std::optional<IfIndex> master = std::nullopt) {
    return nl::add_veth(
        host(),
        {.ifname = IfName::parse(name),
         .owner = {"net1", name, name},
         .container = container_ns(),
         .master = master});
  }
};

TEST_F(GroupDeletionTest, DeletesTheChosenAndNoOthers) {
  const auto bridge = nl::ensure_bridge(host(), {.name = IfName::parse("br0")}).link;
  const auto kept = make_pair_of("kept", bridge.index);
  const std::vector<nl::Link> chosen{make_pair_of("a", bridge.index), make_pair_of("b")};

  nl::delete_links(host(), chosen);

  for (const auto& link : chosen) {
    EXPECT_FALSE(nl::find_link(host(), link.name)) << link.name.str();
  }
  EXPECT_FALSE(nl::find_link(container(), IfName::parse("a")));
  EXPECT_FALSE(nl::find_link(container(), IfName::parse("b")));
  EXPECT_EQ(nl::get_link(host(), kept.name).master, bridge.index);
}

TEST_F(GroupDeletionTest, OfMoreThanOneRequestHolds) {
  std::vector<nl::Link> links;
  for (int i = 0; i < 120; ++i) {
    links.push_back(make_pair_of("veth" + std::to_string(i)));
  }

  nl::delete_links(host(), links);

  EXPECT_EQ(nl::list_links(host()).size(), 1U) << "lo";
  EXPECT_EQ(nl::list_links(container()).size(), 1U) << "lo";
}

TEST_F(GroupDeletionTest, PassesOverWhatIsGone) {
  const std::vector<nl::Link> links{make_pair_of("a"), make_pair_of("b")};
  nl::delete_link(host(), links.front().index);

  nl::delete_links(host(), links);
  EXPECT_FALSE(nl::find_link(host(), links.back().name));
  EXPECT_NO_THROW(nl::delete_links(host(), links)) << "all of them are gone";
}

}  // namespace
}  // namespace patchbay::test
