// The power goes, or the process is killed, at every boundary between two changes of the disk, and
// in the middle of every write.

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <set>

#include <sys/stat.h>

#include "base/ip.h"
#include "crowd/journal.h"
#include "netlink/link.h"
#include "runner/runner_host.h"
#include "support/mounts.h"
#include "support/temp_directory.h"

namespace patchbay::test {
namespace {

namespace fs = std::filesystem;

constexpr auto kState = "/var/lib/cni";
constexpr std::size_t kRoom = 4;

/// What had been done, and what was being done when it happened: the arguments of `patchbay`.
struct Scene {
  std::string name;
  std::vector<std::vector<std::string>> before;
  std::vector<std::string> interrupted;
};

std::vector<std::string> on(const std::string& verb, const std::string& container) {
  return {verb, "net1", container, "--container-id", container};
}

const std::vector<Scene>& scenes() {
  static const std::vector<Scene> kScenes{
      {"FirstAdd", {}, on("add", "c2")},
      {"AddBesideAnother", {on("add", "c1")}, on("add", "c2")},
      {"Del", {on("add", "c1"), on("add", "c2")}, on("del", "c2")},
      {"Gc", {on("add", "c1"), on("add", "c2")}, {"gc", "net1", "--keep", "c1/eth0"}}};
  return kScenes;
}

class PowerLossTest : public RunnerTest, public testing::WithParamInterface<Scene> {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    write_file("/run/boot_id", "11111111-2222-3333-4444-000000000000\n");
    bind_mount("/run/boot_id", "/proc/sys/kernel/random/boot_id");
    plugin["ipam"]["ranges"] = json::array({json::array(
        {{{"subnet", "10.1.0.0/24"}, {"rangeStart", "10.1.0.2"}, {"rangeEnd", "10.1.0.5"}}})});
    write_network("net1", json::array({plugin}));
    for (const auto& arguments : GetParam().before) {
      EXPECT_TRUE(succeeds(run(arguments)));
    }
    fs::copy(kState, "/run/state", fs::copy_options::recursive);
    changes = record(call(GetParam().interrupted), kState);
  }

  /// The disk as it was before, and the first `count` changes, as much as is left of them. All of
  /// it long ago.
  void restore(std::size_t count, Loss loss) const {
    for (const auto& name : names_in(kState)) {
      fs::remove_all(fs::path{kState} / name);
    }
    fs::copy("/run/state", kState, fs::copy_options::recursive);
    replay({changes.data(), count}, loss);
  }

  /// Everything is gone that lives in memory, and what is on the disk is from long ago.
  void boot() {
    for (const auto& entry : fs::recursive_directory_iterator{kState}) {
      const timespec times[2]{{0, UTIME_OMIT}, {978307200, 0}};  // 2001
      ::utimensat(AT_FDCWD, entry.path().c_str(), times, 0);
    }
    write_file("/run/boot_id", "11111111-2222-3333-4444-" + std::to_string(++boots) + "\n");
    nl::Socket socket;
    for (const auto& link : nl::list_links(socket)) {
      if (link.kind == "veth" || link.kind == "bridge") {
        nl::delete_link(socket, link.index);
      }
    }
  }

  /// The lease plugin alone; a killed container is asked for like any other.
  [[nodiscard]] Answer lease(
      const std::string& command, const std::string& id, const json& more = {}) const {
    json network = plugin;
    network["cniVersion"] = "1.1.0";
    network["name"] = "net1";
    network.update(more.is_null() ? json::object() : more);
    return run_plugin(
        {.plugin = "host-local", .command = command, .container_id = id, .netns = "/run/netns/c1"},
        network.dump());
  }

  /// Leases until nothing is left: as many as there are, none of them twice or in `taken`, while
  /// STATUS says how it is.
  void expect_the_rest(std::set<std::string> taken) const {
    for (std::size_t number = taken.size(); number < kRoom; ++number) {
      EXPECT_EQ(lease("STATUS", "").status, 0);
      const Answer answer = lease("ADD", "more" + std::to_string(number));
      ASSERT_TRUE(answer.ok()) << answer.output;
      const std::string address = answer.json()["ips"][0]["address"];
      EXPECT_TRUE(taken.insert(address).second) << address << " is given out twice";
    }
    EXPECT_EQ(lease("ADD", "one-more").code(), 101U);
    EXPECT_EQ(lease("STATUS", "").code(), 50U);
  }

  static std::set<std::string> leases() {
    std::set<std::string> names = names_in(std::string{kState} + "/networks/net1");
    std::erase_if(names, [](const std::string& name) { return !IpAddr::find(name); });
    return names;
  }

  /// After a boot nobody holds anything.
  void expect_fresh_start() {
    const Answer added = run({"add", "net1", "c2", "--container-id", "c2", "-o", "json"});
    ASSERT_TRUE(succeeds(added));
    const std::string address = added.json()["ips"][0]["address"];

    expect_the_rest({address});

    EXPECT_TRUE(succeeds(run({"gc", "net1", "--keep", "c2/eth0"})));
    EXPECT_EQ(leases(), (std::set<std::string>{IpPrefix::parse(address).address().str()}));
    EXPECT_EQ(cache_entries(), (std::set<std::string>{"net1-c2-eth0"}));
    EXPECT_EQ(lease("STATUS", "").status, 0);
    EXPECT_TRUE(succeeds(run(on("check", "c2"))));
    EXPECT_TRUE(succeeds(run(on("del", "c2"))));
    EXPECT_EQ(leases(), std::set<std::string>{});
    EXPECT_EQ(cache_entries(), std::set<std::string>{});
  }

  /// In the same boot, what was there before is still there; and what was being done ends with DEL.
  void expect_nothing_lost() const {
    EXPECT_TRUE(lease("DEL", "c2").ok());
    const std::set<std::string> held =
        GetParam().before.empty() ? std::set<std::string>{} : std::set<std::string>{"10.1.0.2"};
    EXPECT_EQ(leases(), held);

    expect_the_rest(held.empty() ? held : std::set<std::string>{"10.1.0.2/24"});

    const json valid = json::array({{{"containerID", "c1"}, {"ifname", "eth0"}}});
    EXPECT_TRUE(lease("GC", "", {{"cni.dev/valid-attachments", valid}}).ok());
    EXPECT_EQ(leases(), held);
  }

  /// Whether there is such a loss after the first `count` changes.
  [[nodiscard]] bool is_possible(std::size_t count, Loss loss) const {
    const auto is_write = [](const Change& change) { return change.kind == Change::Kind::write; };
    if (loss == Loss::half) {
      return count > 0 && is_write(changes[count - 1]);
    }
    return loss == Loss::nothing ||
           std::any_of(
               changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(count), is_write);
  }

  template <typename Look>
  void cut_everywhere(const std::vector<Loss>& losses, const Look& look) {
    std::size_t cuts = 0;
    for (std::size_t count = 0; count <= changes.size() && !HasFailure(); ++count) {
      for (const Loss loss : losses) {
        if (is_possible(count, loss)) {
          SCOPED_TRACE(
              name_of(loss) + " after " + std::to_string(count) +
              " changes: " + (count > 0 ? changes[count - 1].str() : ""));
          restore(count, loss);
          look();
          ++cuts;
        }
      }
    }
    std::cout << changes.size() << " changes, " << cuts << " cuts\n";
  }

  json plugin = bridge();
  std::vector<Change> changes;
  int boots = 0;
};

TEST_P(PowerLossTest, ABootBeginsWithAllAddresses) {
  ASSERT_FALSE(changes.empty());

  cut_everywhere({Loss::nothing, Loss::half, Loss::contents, Loss::zeroes}, [&] {
    boot();
    expect_fresh_start();
  });
}

TEST_P(PowerLossTest, AKilledProcessLosesNoAddress) {
  ASSERT_FALSE(changes.empty());

  cut_everywhere({Loss::nothing, Loss::half}, [&] { expect_nothing_lost(); });
}

std::string name_of_scene(const testing::TestParamInfo<Scene>& scene) {
  return scene.param.name;
}

INSTANTIATE_TEST_SUITE_P(Scenes, PowerLossTest, testing::ValuesIn(scenes()), name_of_scene);

}  // namespace
}  // namespace patchbay::test
