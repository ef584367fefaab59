// Many runtimes at once, with plugins that are killed and GC beside them.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <random>
#include <set>
#include <thread>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "crowd/ledger.h"
#include "crowd/loop.h"
#include "crowd/networks.h"
#include "crowd/watcher.h"
#include "support/dump.h"
#include "support/host.h"
#include "support/parameter.h"
#include "support/progress.h"
#include "support/require_kernel.h"

namespace patchbay::test {
namespace {

using std::chrono::steady_clock;

constexpr auto kReference = "/usr/lib/cni";
constexpr std::size_t kKillsPerSecond = 5;
constexpr std::size_t kSpareAddresses = 4;  // few, so that what is freed is leased again at once

/// What the loops run on: their number, their rounds and the number of networks.
struct Size {
  std::size_t loops = parameter("PATCHBAY_CROWD_LOOPS", 40);
  std::size_t rounds = parameter("PATCHBAY_CROWD_ROUNDS", 10);
  std::size_t networks = parameter("PATCHBAY_CROWD_NETWORKS", 20);
};

/// By turns: one interface; one; three networks with an interface each; one network, two
/// interfaces.
std::vector<std::pair<std::size_t, std::string>> interfaces_of(std::size_t loop, const Size& size) {
  const auto network = [&](std::size_t offset) { return (loop + offset) % size.networks; };
  switch (loop % 4) {
    case 2:
      return {{network(0), "eth0"}, {network(1), "net1"}, {network(7), "net2"}};
    case 3:
      return {{network(0), "eth0"}, {network(0), "eth1"}};
    default:
      return {{network(0), "eth0"}};
  }
}

std::size_t count_on(std::size_t network, const std::vector<Attachment>& attachments) {
  return static_cast<std::size_t>(
      std::count_if(attachments.begin(), attachments.end(), [&](const auto& one) {
        return one.network == network;
      }));
}

class CrowdTest : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    for (std::size_t loop = 0; loop < size.loops; ++loop) {
      const std::string id = "crowd" + std::to_string(loop);
      const std::string netns = make_namespace(id);
      for (const auto& [network, ifname] : interfaces_of(loop, size)) {
        attachments.push_back({attachments.size(), network, id, netns, ifname});
      }
    }
  }

  [[nodiscard]] Manner manner(const std::string& version) const {
    Manner manner;
    for (std::size_t network = 0; network < size.networks; ++network) {
      const auto room = count_on(network, attachments) + kSpareAddresses;
      manner.networks.push_back(numbered_network(network, room, version));
    }
    return manner;
  }

  static std::vector<std::string> dump_namespaces(const std::vector<Attachment>& attachments) {
    std::vector<std::string> dumps;
    std::set<std::string> done;
    for (const auto& one : attachments) {
      if (done.insert(one.netns).second) {
        const netns::ScopedNetns inside{netns::Netns::open(one.netns)};
        dumps.push_back(dump_network());
      }
    }
    return dumps;
  }

  /// Makes what the attachments of a network share.
  static void warm_up(Ledger& ledger, const Manner& manner) {
    Loop{ledger, manner, ledger.attachments()}.run(1);
  }

  /// `work` in a process of its own, which adopts and outlasts what it starts.
  static pid_t start(Ledger& ledger, const std::function<void()>& work) {
    const pid_t pid = ::fork();
    if (pid != 0) {
      return pid;
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      work();
      if (!reap_children()) {
        ledger.report("a plugin has left a process behind");
      }
    } catch (const std::exception& e) {
      ledger.report(e.what());
    }
    ::_exit(0);
  }

  /// As waitpid(2) with `flags`; reports a process that did not end by itself.
  static bool has_ended(Ledger& ledger, pid_t pid, int flags) {
    int status = 0;
    if (::waitpid(pid, &status, flags) != pid) {
      return false;
    }
    if (status != 0) {
      ledger.report("a process of the crowd ended with status " + std::to_string(status));
    }
    return true;
  }

  /// Kills some of what `loops` and the collector have running, every second, until the loops have
  /// ended. Who has ended is left alone: the kernel soon gives its number to somebody else.
  void disturb(Ledger& ledger, std::vector<pid_t> loops, pid_t collector) const {
    std::mt19937 random{42};
    Progress progress{"rounds", size.loops * size.rounds};
    auto next = steady_clock::now();
    std::size_t allowed = 0;
    while (!loops.empty()) {
      if (steady_clock::now() >= next) {
        allowed = ledger.counters().shots + kKillsPerSecond;
        next += std::chrono::seconds{1};
      }
      if (ledger.counters().shots < allowed) {
        const auto victim = random() % (loops.size() + 1);
        ::kill(victim < loops.size() ? loops[victim] : collector, SIGUSR1);
      }
      std::erase_if(loops, [&](pid_t pid) { return has_ended(ledger, pid, WNOHANG); });
      progress.show(ledger.counters().rounds);
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
  }

  void run_crowd(Ledger& ledger, const Manner& manner) {
    accept_kills(ledger);  // before the first of them can be meant
    std::vector<pid_t> loops;
    for (auto first = attachments.begin(); first != attachments.end();) {
      const auto last = std::find_if(first, attachments.end(), [&](const auto& one) {
        return one.container_id != first->container_id;
      });
      loops.push_back(start(ledger, [&] { Loop{ledger, manner, {first, last}}.run(size.rounds); }));
      first = last;
    }
    const pid_t collector = start(ledger, [&] { Loop{ledger, manner, {}}.collect_garbage(); });
    const pid_t watcher = start(ledger, [&] { Watcher{ledger}.run(); });
    disturb(ledger, loops, collector);
    ledger.counters().stop = true;
    has_ended(ledger, collector, 0);
    has_ended(ledger, watcher, 0);
  }

  void report_figures(Ledger& ledger, steady_clock::time_point begun) const {
    const auto& counters = ledger.counters();
    const std::chrono::duration<double> took = steady_clock::now() - begun;
    std::cout << size.loops << " loops of " << size.rounds << " rounds on " << size.networks
              << " networks in " << static_cast<int>(took.count()) << " s: " << counters.calls
              << " calls, " << counters.killed << " of them killed, " << counters.collections
              << " GCs, " << counters.handed_out << " addresses handed out, " << counters.sweeps
              << " sweeps of the watcher\n";
  }

  /// The whole experiment. `finish` comes before the machine is compared with what it was.
  void expect_nothing_lost(const Manner& manner, const std::function<void(Ledger&)>& finish) {
    Ledger ledger{attachments};
    warm_up(ledger, manner);
    ASSERT_EQ(Ledger::failures(), "");
    const std::string before = dump();
    const auto inside_before = dump_namespaces(attachments);
    const auto begun = steady_clock::now();

    run_crowd(ledger, manner);
    finish(ledger);

    report_figures(ledger, begun);
    EXPECT_EQ(Ledger::failures(), "");
    EXPECT_EQ(ledger.counters().rounds, size.loops * size.rounds + 1);
    EXPECT_GT(ledger.counters().killed, 0U);
    EXPECT_GT(ledger.counters().sweeps, 0U);
    EXPECT_TRUE(is_unchanged(before));
    EXPECT_TRUE(dump_namespaces(attachments) == inside_before);
  }

  Size size;
  std::vector<Attachment> attachments;
};

TEST_F(CrowdTest, NoAddressIsHeldTwiceAndNothingIsLeft) {
  expect_nothing_lost(manner("1.1.0"), [](Ledger&) {});
}

/// What a killed reference host-local leaves, an empty file, DEL cannot know whose it is: GC does.
TEST_F(CrowdTest, NothingIsLostWhileExecutablesAreSwapped) {
  if (::access("/usr/lib/cni/host-local", X_OK) != 0) {
    PATCHBAY_SKIP("containernetworking-plugins is not installed");
  }
  Manner swapped = manner("1.0.0");
  swapped.reference_directory = kReference;

  expect_nothing_lost(swapped, [&](Ledger& ledger) {
    Loop sweep{ledger, swapped, {}};
    for (std::size_t network = 0; network < size.networks; ++network) {
      sweep.collect(network);
    }
  });
}

}  // namespace
}  // namespace patchbay::test
