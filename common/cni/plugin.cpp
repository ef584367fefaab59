#include "cni/plugin.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/undo_log.h"
#include "cni/json.h"

namespace patchbay::cni {

namespace {

/// What the error JSON should carry as cniVersion; the configuration's as soon as it is known.
struct Answer {
  std::string version{Version::newest().str()};
  std::string output;
};

std::string joined_versions(std::string_view separator) {
  std::string text;
  for (const auto version : kVersions) {
    text += (text.empty() ? "" : std::string{separator}) + std::string{version};
  }
  return text;
}

std::string version_json() {
  return nlohmann::json{
             {"cniVersion", Version::newest().str()},
             {"supportedVersions", std::vector<std::string>(kVersions.begin(), kVersions.end())}}
             .dump() +
         "\n";
}

std::string error_json(const Answer& answer, const Error& e) {
  nlohmann::json object{
      {"cniVersion", answer.version}, {"code", static_cast<unsigned>(e.code())}, {"msg", e.what()}};
  if (!e.details().empty()) {
    object["details"] = e.details();
  }
  return object.dump(4, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string read_name(Keys& keys) {
  std::string name;
  keys.text("name", name, "");
  if (name.empty()) {
    throw Error{ErrorCode::invalid_config, "name: missing network name"};
  }
  if (!is_identifier(name)) {
    throw Error{
        ErrorCode::invalid_config,
        "name: invalid characters found in network name " + quote(name) +
            "; it must be letters, digits, '_', '.' and '-'"};
  }
  return name;
}

void check_gate(const Environment& environment, Version version) {
  const auto require = [&](const std::string& verb, Version since) {
    if (version < since) {
      throw Error{
          ErrorCode::incompatible_version,
          "config version " + quote(version.str()) + " does not allow " + verb,
          "config is \"" + std::string{version.str()} + "\", " + verb + " needs \"" +
              std::string{since.str()} + "\""};
    }
  };
  if (environment.command == Command::check) {
    require("CHECK", Version::with_check());
  } else if (environment.command == Command::gc) {
    require("GC", Version::with_gc_and_status());
  } else if (environment.command == Command::status) {
    require("STATUS", Version::with_gc_and_status());
  }
}

Network read_network(
    const Plugin& plugin, const Environment& environment, Config config, Answer& answer) {
  std::string version_text;
  std::string name;
  config.read([&](Keys& keys) {
    keys.text("cniVersion", version_text, "");
    name = read_name(keys);
  });
  const Version version = Version::parse(version_text);
  answer.version = version.str();
  check_gate(environment, version);
  return {std::move(name), version, std::move(config), environment.path, plugin.linked};
}

/// A plugin that runs in its caller's process finds it compared already.
std::optional<netns::Netns> open_netns(
    const Plugin& plugin, const Environment& environment, const Process& process) {
  if (process.caller && !plugin.enters_netns) {
    return std::nullopt;
  }
  const bool must_exist = plugin.enters_netns && environment.command != Command::del;
  auto container =
      must_exist ? netns::Netns::open(environment.netns) : netns::Netns::find(environment.netns);
  if (container && !environment.netns_override && container->same_as(netns::Netns::current())) {
    throw Error{
        ErrorCode::invalid_netns,
        "CNI_NETNS: the plugin's own network namespace and " + quote(environment.netns) +
            " must not be the same"};
  }
  return container;
}

/// DEL goes on without a prevResult that nobody can read.
std::optional<Result> read_previous(const Network& network, Command command) {
  try {
    return network.config.previous_result(network.version);
  } catch (const Error& e) {
    if (command != Command::del) {
      throw;
    }
    log::warn(std::string{e.what()} + ", continuing without prevResult");
    return std::nullopt;
  }
}

Attachment read_attachment(
    const Plugin& plugin, const Environment& environment, const Process& process, Network network) {
  auto container = open_netns(plugin, environment, process);
  auto previous = read_previous(network, environment.command);
  return {
      .network = std::move(network),
      .container_id = environment.container_id,
      .netns_path = environment.netns,
      .netns = std::move(container),
      .ifname = IfName::parse(environment.ifname),
      .args = Args{environment.args},
      .previous = std::move(previous)};
}

/// Nullopt when the runtime does not say what is valid: then nothing is known to be stale.
std::optional<ValidAttachments> read_valid(const Network& network) {
  ValidAttachments valid;
  bool given = false;
  network.config.read([&](Keys& keys) {
    for (const auto* key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
      if (given || !keys.has(key)) {
        continue;
      }
      given = true;
      keys.objects(
          key,
          [&](Keys& item) {
            Owner owner{network.name, {}, {}};
            item.text("containerID", owner.container_id, "");
            item.text("ifname", owner.ifname, "");
            valid.owners.push_back(std::move(owner));
          },
          "");
    }
  });
  return given ? std::optional{std::move(valid)} : std::nullopt;
}

void collect(const Plugin& plugin, const Network& network) {
  const auto valid = read_valid(network);
  if (!valid) {
    log::info("no cni.dev/valid-attachments given: nothing is known to be stale");
  } else if (plugin.gc != nullptr) {
    plugin.gc(network, *valid);
  }
}

void check(const Plugin& plugin, const Attachment& attachment) {
  if (!attachment.previous) {
    throw Error{ErrorCode::invalid_config, "prevResult: missing, but CHECK requires it"};
  }
  if (plugin.check != nullptr) {
    plugin.check(attachment);
  }
}

/// A result that the configuration's version cannot express is found only now: the attachment, of
/// which the runtime would never hear, is taken back.
std::string add(const Plugin& plugin, const Attachment& attachment, const Process& process) {
  UndoLog undo;
  const Result result = plugin.add(attachment);
  undo.on_failure("take the attachment back", [&] { plugin.del(attachment); });
  std::string text;
  if (process.caller) {
    process.caller->take_result(to_json(result, attachment.network.version));
  } else {
    text = print(result, attachment.network.version) + "\n";
  }
  undo.commit();
  return text;
}

std::string run_attachment(
    const Plugin& plugin,
    const Environment& environment,
    const Process& process,
    const Attachment& attachment) {
  switch (environment.command) {
    case Command::add:
      return add(plugin, attachment, process);
    case Command::del:
      plugin.del(attachment);
      return {};
    default:
      check(plugin, attachment);
      return {};
  }
}

Capabilities kept_capabilities(const Plugin& plugin) {
  return plugin.linked == nullptr ? plugin.capabilities
                                  : plugin.capabilities | plugin.linked->plugin.capabilities;
}

/// Not before the container's namespace is open: whoever has less than a process must not look into
/// its /proc/PID/ns.
void give_up_privileges(const Plugin& plugin, const Process& process) {
  if (!process.own) {
    return;
  }
  if (plugin.linked == nullptr) {
    drop_capabilities(kept_capabilities(plugin));
  } else {
    lower_capabilities(kept_capabilities(plugin));
  }
}

std::string run_network_command(
    const Plugin& plugin, const Environment& environment, const Network& network) {
  if (environment.command == Command::gc) {
    collect(plugin, network);
  } else if (plugin.status != nullptr) {
    plugin.status(network);
  }
  return {};
}

std::string run_command(
    const Plugin& plugin, const Environment& environment, const Process& process, Answer& answer) {
  if (environment.command == Command::version) {
    return version_json();
  }
  log::set_context(
      std::string{plugin.name} + (environment.container_id.empty() ? "" : " ") +
      environment.container_id + (environment.ifname.empty() ? "" : " ") + environment.ifname);
  log::phase("parse");
  Config config = process.caller ? process.caller->config : Config::parse(process.read_input());
  Network network = read_network(plugin, environment, std::move(config), answer);
  if (environment.command == Command::gc || environment.command == Command::status) {
    give_up_privileges(plugin, process);
    return run_network_command(plugin, environment, network);
  }
  const Attachment attachment = read_attachment(plugin, environment, process, std::move(network));
  give_up_privileges(plugin, process);
  return run_attachment(plugin, environment, process, attachment);
}

std::string about(const Plugin& plugin) {
  return "CNI plugin " + std::string{plugin.name} +
         " (Patchbay " PATCHBAY_VERSION "): " + std::string{plugin.about} +
         "\nCNI protocol versions supported: " + joined_versions(", ") + "\n";
}

std::string help(const Plugin& plugin) {
  return about(plugin) +
         "\nA container runtime executes it with CNI_COMMAND and further CNI_* variables, and with "
         "a"
         "\nnetwork configuration (JSON) on stdin.\n"
         "\nCapabilities that it works with, having given up all others: " +
         kept_capabilities(plugin).str() +
         "\n"
         "\n  --schema   print the JSON Schema of the configuration"
         "\n  --version  print the version"
         "\n  --help     print this\n"
         "\nPATCHBAY_LOG=debug|info|warn|error|off sets what is logged, "
         "PATCHBAY_LOG_TO=stderr|syslog|FILE"
         "\nwhere.\n";
}

/// Nullopt when there is nothing on the command line that is meant for us.
std::optional<std::string> answer_option(
    const Plugin& plugin, const std::vector<std::string_view>& arguments) {
  if (arguments.empty()) {
    return std::nullopt;
  }
  if (arguments.front() == "--schema") {
    return schema(plugin) + "\n";
  }
  if (arguments.front() == "--version") {
    return std::string{plugin.name} + " (Patchbay) " PATCHBAY_VERSION "\n";
  }
  if (arguments.front() == "--help" || arguments.front() == "-h") {
    return help(plugin);
  }
  return std::nullopt;
}

int report(const Answer& answer, const Error& e, const Process& process) {
  log::summary("failed");
  process.write_output(error_json(answer, e));
  return EXIT_FAILURE;
}

int run_cni(const Plugin& plugin, const Process& process) {
  Answer answer;
  try {
    const auto environment = parse_environment(process.getenv);
    if (!environment) {
      process.write_error(about(plugin));
      return EXIT_SUCCESS;
    }
    const std::string output = run_command(plugin, *environment, process, answer);
    log::summary("done");
    process.write_output(output);
    return EXIT_SUCCESS;
  } catch (const Error& e) {
    return report(answer, e, process);
  } catch (const std::exception& e) {
    return report(answer, Error{ErrorCode::internal, e.what()}, process);
  }
}

std::string read_stdin() {
  auto bytes = read_all(STDIN_FILENO, kDocumentLimit);
  if (!bytes) {
    throw Error{ErrorCode::decoding_failure, "network configuration: larger than 16 MiB"};
  }
  return std::move(*bytes);
}

}  // namespace

bool ValidAttachments::contains(const Owner& owner) const {
  return std::find(owners.begin(), owners.end(), owner) != owners.end();
}

bool ValidAttachments::contains_label(std::string_view label) const {
  return std::any_of(
      owners.begin(), owners.end(), [&](const Owner& owner) { return owner.label() == label; });
}

int run(
    const Plugin& plugin, const std::vector<std::string_view>& arguments, const Process& process) {
  try {
    if (process.own && is_elevated()) {
      return report({}, Error{ErrorCode::invalid_environment, kElevated}, process);
    }
    if (const auto text = answer_option(plugin, arguments)) {
      process.write_output(*text);
      return EXIT_SUCCESS;
    }
    return run_cni(plugin, process);
  } catch (const std::exception& e) {  // the answer itself could not be written
    log::warn(e.what());
    return EXIT_FAILURE;
  }
}

int run(const Plugin& plugin, int argc, char** argv) {
  const Process process{
      .getenv = [](const char* name) { return std::getenv(name); },
      .read_input = read_stdin,
      .write_output = [](std::string_view text) { write_all(STDOUT_FILENO, text, "write stdout"); },
      .write_error = [](std::string_view text) { write_all(STDERR_FILENO, text, "write stderr"); },
      .own = true};
  return run(plugin, std::vector<std::string_view>(argv + 1, argv + argc), process);
}

}  // namespace patchbay::cni
