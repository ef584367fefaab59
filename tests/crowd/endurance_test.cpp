// Containers come and go for a long time: nothing may grow, and nothing may become slower.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <utility>

#include <sys/resource.h>

#include "crowd/gauges.h"
#include "crowd/networks.h"
#include "support/dump.h"
#include "support/host.h"
#include "support/parameter.h"
#include "support/progress.h"
#include "support/run_plugin.h"

namespace patchbay::test {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kSamples = 200;
constexpr std::size_t kTenth = kSamples / 10;
constexpr std::size_t kNamespaceEvery = 10;  // cycles

/// What all children have used so far.
double processor_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

double half_as_much(double first, double /*cycles*/) {
  return first / 2 + 1;
}

/// A gauge and what it showed.
struct Series {
  Gauge gauge;
  std::vector<double> values{};

  /// The least of a tenth: others who work on the machine meanwhile can only add to it.
  [[nodiscard]] double first() const {
    return *std::min_element(values.begin(), values.begin() + kTenth);
  }
  [[nodiscard]] double last() const {
    return *std::min_element(values.end() - kTenth, values.end());
  }
};

class EnduranceTest : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    for (std::size_t number = 0; number < subjects().size(); ++number) {
      networks.push_back(numbered_network(number, 8, "1.1.0"));
      make_namespace(name_of(number));
    }
    for (auto& gauge : available_gauges()) {
      series.push_back({gauge});
    }
    series.push_back(
        {{"fastest cycle",
          "ms",
          [this] {
            const double fastest = *std::min_element(times_ms.begin(), times_ms.end());
            times_ms.clear();
            return fastest;
          },
          half_as_much}});
    series.push_back(
        {{"processor time of a cycle",
          "ms",
          [this, before = processor_ms()]() mutable {
            const double begun = std::exchange(before, processor_ms());
            return (before - begun) * kSamples / static_cast<double>(cycles);
          },
          half_as_much}});
  }

  static std::string name_of(std::size_t number) { return "lasting" + std::to_string(number); }

  void call(const std::string& command, std::size_t number) const {
    const auto& network = networks.at(number);
    const auto name = name_of(number);
    const Answer answer = run_plugin(
        {.plugin = network.at("type"),
         .command = command,
         .container_id = name,
         .netns = path_of(name)},
        network.dump());
    if (!answer.ok()) {
      throw std::runtime_error{
          command + " of " + subjects().at(number).name + ": " + answer.output};
    }
  }

  /// One container comes and goes, of each subject in turn; its namespace too, now and then.
  void cycle(std::size_t count) {
    const std::size_t number = count % networks.size();
    if (count / networks.size() % kNamespaceEvery == number) {
      destroy_namespace(name_of(number));
      make_namespace(name_of(number));
    }
    const auto begun = steady_clock::now();
    call("ADD", number);
    call("DEL", number);
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - begun;
    times_ms.push_back(took.count());
  }

  void take_sample() {
    EXPECT_TRUE(reap_children()) << "a process was left behind";
    for (auto& one : series) {
      one.values.push_back(one.gauge.read());
    }
  }

  /// For endurance.gp: a line of titles, then a line a sample.
  void write_samples(const char* path) const {
    std::ofstream file{path};
    file << "\"cycles\"";
    for (const auto& one : series) {
      const auto& unit = one.gauge.unit;
      file << " \"" << one.gauge.name << (unit.empty() ? "" : ", " + unit) << '"';
    }
    for (std::size_t sample = 0; sample < kSamples; ++sample) {
      file << '\n' << (sample + 1) * cycles / kSamples;
      for (const auto& one : series) {
        file << ' ' << one.values.at(sample);
      }
    }
    file << '\n';
  }

  std::size_t cycles = std::max(parameter("PATCHBAY_ENDURANCE_CYCLES", 1000), kSamples);
  std::vector<nlohmann::json> networks;
  std::vector<Series> series;
  std::vector<double> times_ms;
};

TEST_F(EnduranceTest, NothingGrowsAndNothingSlowsDown) {
  for (std::size_t count = 0; count < networks.size(); ++count) {
    cycle(count);
  }
  times_ms.clear();
  const std::string before = dump();
  Progress progress{"cycles", cycles};

  for (std::size_t sample = 1, count = 0; sample <= kSamples; ++sample) {
    for (; count < sample * cycles / kSamples; ++count) {
      cycle(count);
    }
    take_sample();
    progress.show(count);
  }

  if (const char* path = std::getenv("PATCHBAY_ENDURANCE_OUT")) {
    write_samples(path);
  }
  std::cout << cycles << " cycles; the first tenth, the last tenth, and what it may be:\n";
  for (const auto& one : series) {
    const auto& gauge = one.gauge;
    const double most = one.first() + gauge.tolerance(one.first(), static_cast<double>(cycles));
    std::cout << std::left << std::setw(28) << gauge.name << std::right << std::setw(12)
              << one.first() << std::setw(12) << one.last() << std::setw(12) << most << ' '
              << gauge.unit << '\n';
    EXPECT_LE(one.last(), most) << gauge.name;
  }
  EXPECT_TRUE(is_unchanged(before));
}

}  // namespace
}  // namespace patchbay::test
