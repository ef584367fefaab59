#include "ipam/delegate.h"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "cni/execution.h"

namespace patchbay::ipam {

namespace {

/// How the reference host-local says that the owner already holds an address.
constexpr std::string_view kReferenceDuplicate = "duplicate allocation is not allowed";

/// The linker places the build ID in the first page, right after the program headers.
bool has_build_id(const std::string& path, std::string_view build_id) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 4096> page{};
  const auto got = ::read(file.get(), page.data(), page.size());
  const std::string_view head{page.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
  return head.find(build_id) != std::string_view::npos;
}

/// True when executing `path` would do just what the plugin that is linked in does.
bool is_linked(const cni::LinkedPlugin* linked, const std::string& type, const std::string& path) {
  return linked != nullptr && linked->plugin.name == type && has_build_id(path, linked->build_id) &&
         ::access(path.c_str(), X_OK) == 0;
}

bool says_already_allocated(const Error& e) {
  return e.code() == ErrorCode::already_allocated ||
         std::string_view{e.what()}.find(kReferenceDuplicate) != std::string_view::npos ||
         e.details().find(kReferenceDuplicate) != std::string::npos;
}

}  // namespace

void declare(cni::Keys& keys, std::string& type) {
  keys.object(
      "ipam",
      [&](cni::Keys& nested) {
        nested.text("type", type, "name of the IPAM plugin, e.g. host-local");
      },
      "address management; further keys are the IPAM plugin's own");
}

Delegate::Delegate(const cni::Network& network, const std::string& type, std::string_view command)
    : network_{network},
      type_{type},
      command_{command} {
  const std::string path = cni::get_plugin(network.plugin_path, type, "ipam.type");
  if (!is_linked(network.linked, type, path)) {
    process_.emplace(
        path,
        Subprocess::Environment{{"CNI_COMMAND", command_}},
        Subprocess::Options{.dies_with_us = true});
  }
}

void Delegate::begin() {
  begun_ = true;
  if (process_) {
    process_->give(network_.config.bytes());
  }
}

Subprocess::Outcome Delegate::run_linked() {
  const log::Scope scope;
  Subprocess::Outcome outcome{};
  const cni::Process process{
      .getenv = [&](const char* name) -> const char* {
        return name == std::string_view{"CNI_COMMAND"} ? command_.c_str() : std::getenv(name);
      },
      .read_input = {},
      .write_output = [&](std::string_view text) { outcome.output = text; },
      .write_error = [](std::string_view) {},
      .caller = cni::Caller{network_.config, [&](nlohmann::json result) {
                              document_ = std::make_shared<const nlohmann::json>(std::move(result));
                            }}};
  outcome.status = W_EXITCODE(cni::run(network_.linked->plugin, {}, process), 0);
  return outcome;
}

void Delegate::finish() {
  if (!begun_) {
    begin();
  }
  Subprocess::Outcome outcome = process_ ? process_->finish() : run_linked();
  if (outcome.status != 0) {
    throw cni::read_error("IPAM plugin " + quote(type_), outcome);
  }
  output_ = std::move(outcome.output);
}

cni::Result Delegate::result() const {
  const std::string what = "result of IPAM plugin " + quote(type_);
  return document_ ? cni::parse_result(*document_, network_.version, what)
                   : cni::parse_result(std::string_view{output_}, network_.version, what);
}

Acquisition::Acquisition(const cni::Network& network, std::string type)
    : network_{network},
      type_{std::move(type)} {
  if (!type_.empty()) {
    running_.emplace(network_, type_, "ADD");
    running_->begin();
  }
}

cni::Result Acquisition::finish() {
  if (type_.empty()) {
    return {};
  }
  cni::Result result;
  try {
    running_->finish();
    result = running_->result();
    running_.reset();
  } catch (const Error& e) {  // looked at, and thrown on
    running_.reset();
    nothing_taken_ = says_already_allocated(e);
    throw;
  }
  if (result.ips.empty()) {
    throw Error{
        ErrorCode::invalid_config, "ipam.type: IPAM plugin " + quote(type_) + " gave no address"};
  }
  return result;
}

void Acquisition::give_back() {
  if (running_) {
    try {
      finish();
    } catch (const Error& e) {  // what it says decides whether there is anything to give back
      log::debug(e.what());
    }
  }
  if (!nothing_taken_) {
    run(network_, type_, "DEL");
  }
}

void release_after(
    BestEffort& teardown,
    const cni::Network& network,
    const std::string& type,
    const std::function<void()>& take_away) {
  std::optional<Delegate> release;
  teardown.attempt("start the IPAM plugin", [&] {
    if (!type.empty()) {
      release.emplace(network, type, "DEL");
    }
  });
  take_away();
  log::phase("ipam");
  teardown.attempt("release the address", [&] {
    if (release) {
      release->finish();
    }
  });
}

void run(const cni::Network& network, const std::string& type, std::string_view command) {
  if (!type.empty()) {
    Delegate{network, type, command}.finish();
  }
}

}  // namespace patchbay::ipam
