// Either implementation takes over from the other on a live node.

#include <filesystem>

#include "e2e/network.h"
#include "support/dump.h"

namespace patchbay::test {
namespace {

constexpr const char* kReference = "/usr/lib/cni";  // Debian's containernetworking-plugins

class TakeoverTest : public PluginTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kReference + ("/" + GetParam()))) {
      GTEST_SKIP() << "no reference plugins: install containernetworking-plugins";
    }
    PluginTest::SetUp();
  }

  /// 1.0.0 is the newest version that the reference knows.
  static json network() {
    return GetParam() == "bridge" ? bridge_network("1.0.0") : ptp_network("1.0.0");
  }
  static Answer run_reference(
      const std::string& command, const json& network, const Container& container = {}) {
    Call request = call(command, network, container);
    request.plugin = kReference + ("/" + request.plugin);
    request.path = kReference;
    return run_plugin(request, network.dump());
  }
};

TEST_P(TakeoverTest, OurDelUndoesAnAddOfTheReference) {
  attach(network());
  detach(network());
  const auto before = dump();
  const Answer added = run_reference("ADD", network());
  ASSERT_TRUE(is_success(added));

  detach(with_previous(network(), added.json()));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(TakeoverTest, OurDelUndoesAnAddOfTheReferenceWithoutPreviousResult) {
  attach(network());
  detach(network());
  const auto before = dump();
  ASSERT_TRUE(is_success(run_reference("ADD", network())));

  detach(network());

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(TakeoverTest, DelOfTheReferenceUndoesOurAdd) {
  attach(network());
  detach(network());
  const auto before = dump();
  const json result = attach(network());

  EXPECT_TRUE(is_success(run_reference("DEL", with_previous(network(), result))));

  EXPECT_TRUE(is_unchanged(before));
}

TEST_P(TakeoverTest, OurCheckAcceptsAnAddOfTheReference) {
  const Answer added = run_reference("ADD", network());
  ASSERT_TRUE(is_success(added));

  EXPECT_TRUE(is_success(run("CHECK", with_previous(network(), added.json()))));
}

TEST_P(TakeoverTest, CheckOfTheReferenceAcceptsOurAdd) {
  const json result = attach(network());

  EXPECT_TRUE(is_success(run_reference("CHECK", with_previous(network(), result))));
}

TEST_P(TakeoverTest, ContainersOfBothReachEachOther) {
  make_namespace("c2");
  ASSERT_TRUE(is_success(run_reference("ADD", network())));

  const json result = attach(network(), container_called("c2"));

  EXPECT_EQ(result.at("ips").at(0).at("address"), "10.1.0.3/24");
  EXPECT_TRUE(ping("c2", "10.1.0.2"));
}

TEST_P(TakeoverTest, OurAddAgainstALiveAttachmentOfTheReferenceIsRefused) {
  ASSERT_TRUE(is_success(run_reference("ADD", network())));
  const auto before = dump();

  EXPECT_TRUE(is_error(run("ADD", network()), 4, "CNI_IFNAME"));

  EXPECT_TRUE(is_unchanged(before));
}

INSTANTIATE_TEST_SUITE_P(Plugins, TakeoverTest, testing::Values("bridge", "ptp"), name_of_text);

}  // namespace
}  // namespace patchbay::test
