#include "base/log.h"

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <utility>
#include <vector>

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>

#include "base/unique_fd.h"

namespace patchbay::log {

namespace {

using Clock = std::chrono::steady_clock;

struct Phase {
  std::string name;
  Clock::time_point begun;
};

/// The command that is running.
struct Call {
  std::string context;
  std::vector<Phase> phases;
};

struct State {
  Call call;
  std::shared_ptr<spdlog::logger> logger;
};

State& state() {
  static State instance;
  return instance;
}

const char* environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

/// A word that is no level means warn: a typing error must not silence us.
spdlog::level::level_enum read_level() {
  const std::string word = environment("PATCHBAY_LOG", "warn");
  const auto parsed = spdlog::level::from_str(word);
  return parsed == spdlog::level::off && word != "off" ? spdlog::level::warn : parsed;
}

spdlog::level::level_enum level() {
  static const auto kLevel = read_level();
  return kLevel;
}

/// Appends line by line, so that processes can share a file.
class FileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(UniqueFd file) : file_{std::move(file)} {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    (void)!::write(file_.get(), line.data(), line.size());  // a full disk stops no container
  }
  void flush_() override {}

  UniqueFd file_;
};

/// For its owner only, and never one that a link or a FIFO without a reader stands for. A file that
/// cannot be opened must not stop a container: stderr serves then.
std::shared_ptr<spdlog::sinks::sink> file_sink(const std::string& path) {
  constexpr int kFlags =
      O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd file{::open(path.c_str(), kFlags, 0600)};
  if (!file) {
    return std::make_shared<spdlog::sinks::stderr_sink_st>();
  }
  return std::make_shared<FileSink>(std::move(file));
}

std::shared_ptr<spdlog::sinks::sink> sink() {
  const std::string target = environment("PATCHBAY_LOG_TO", "stderr");
  if (target == "syslog") {
    return std::make_shared<spdlog::sinks::syslog_sink_st>("patchbay", LOG_PID, LOG_DAEMON, true);
  }
  return target.starts_with("/") ? file_sink(target)
                                 : std::make_shared<spdlog::sinks::stderr_sink_st>();
}

spdlog::logger& logger() {
  auto& made = state().logger;
  if (!made) {
    made = std::make_shared<spdlog::logger>("patchbay", sink());
    made->set_level(level());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%f%z %l %v");
    made->flush_on(spdlog::level::debug);
  }
  return *made;
}

void write(spdlog::level::level_enum at, std::string_view message) {
  if (at < level()) {
    return;
  }
  const std::string& context = state().call.context;
  std::string line = context.empty() ? std::string{} : context + ": ";
  line += message;
  logger().log(at, spdlog::string_view_t{line.data(), line.size()});
}

std::string milliseconds(Clock::duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  const std::string fraction = std::to_string(us % 1000);
  return std::to_string(us / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction + " ms";
}

}  // namespace

void set_context(std::string context) {
  state().call.context = std::move(context);
}

bool debug_enabled() {
  return level() <= spdlog::level::debug;
}

void debug(std::string_view message) {
  write(spdlog::level::debug, message);
}

void info(std::string_view message) {
  write(spdlog::level::info, message);
}

void warn(std::string_view message) {
  write(spdlog::level::warn, message);
}

void phase(std::string_view name) {
  if (level() <= spdlog::level::info) {
    state().call.phases.push_back({std::string{name}, Clock::now()});
  }
}

void summary(std::string_view outcome) {
  const auto& phases = state().call.phases;
  if (phases.empty()) {
    return;
  }
  const auto end = Clock::now();
  std::string line{outcome};
  line += " in " + milliseconds(end - phases.front().begun);
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const auto until = i + 1 < phases.size() ? phases[i + 1].begun : end;
    line += (i == 0 ? " (" : ", ") + phases[i].name + " " + milliseconds(until - phases[i].begun);
  }
  info(line + ")");
}

struct Scope::Outer {
  Call call;
};

Scope::Scope() : outer_{std::make_unique<Outer>()} {
  std::swap(outer_->call, state().call);
}

Scope::~Scope() {
  state().call = std::move(outer_->call);
}

}  // namespace patchbay::log
