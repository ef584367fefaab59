#include "patchbay/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <filesystem>
#include <iostream>

namespace patchbay::runner {

namespace {

/// What a command takes besides the options that all of them have.
enum class Takes { nothing, network, attachment, keep, files };

struct Command {
  const char* name;
  Takes takes;
  bool in_cnitool;
  const char* help;
};

constexpr std::array<Command, 9> kCommands{{
    {"add", Takes::attachment, true, "Attach a network namespace to a network; prints the result."},
    {"del", Takes::attachment, true, "Detach it, with the configuration it was attached with."},
    {"check", Takes::attachment, true, "Ask the plugins whether all is as ADD left it."},
    {"status", Takes::network, true, "Ask the plugins whether an ADD could succeed now."},
    {"gc", Takes::keep, true, "Detach every attachment of a network that is not to be kept."},
    {"list", Takes::nothing, false, "Print the attachments that the cache knows."},
    {"networks", Takes::nothing, false, "Print the networks of the configuration directory."},
    {"validate",
     Takes::files,
     false,
     "Check configuration files as a person would want before a node uses them."},
    {"lxc-hook",
     Takes::nothing,
     false,
     "Attach or detach an LXC container: a hook for start-host, post-stop and destroy."},
}};

constexpr const char* kFooter =
    "NETNS is a path, a name below /run/netns, or pid:N.\n"
    "Exit status: 0 done; 1 failed, with the reason on stderr; 2 wrong command line.\n"
    "PATCHBAY_LOG=debug|info|warn|error|off sets what is logged.";

/// Where the plugins of this installation are, then where other suites' packages put theirs.
std::string default_plugin_path() {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::filesystem::path installed{PATCHBAY_PLUGIN_DIR};
  const auto plugins = installed.is_absolute() ? installed : here.parent_path() / installed;
  return plugins.string() + ":" + here.string() + ":/opt/cni/bin:/usr/lib/cni";
}

struct Settings {
  Invocation invocation;
  double timeout_s = 60;
  std::string output = "text";
};

/// Not CLI::Range, which NaN passes.
std::string timeout_fault(const std::string& text) {
  double seconds = 0;
  const bool valid = CLI::detail::lexical_cast(text, seconds) && seconds >= 0.001 && seconds <= 1e6;
  return valid ? std::string{} : text + " must be a number from 0.001 to 1000000";
}

void add_common_options(CLI::App& app, Settings& settings) {
  Site& site = settings.invocation.site;
  app.add_option("--conf-dir", site.conf_dir, "Directory of conflists")
      ->envname("NETCONFPATH")
      ->capture_default_str();
  app.add_option("--bin-dir", site.plugin_path, "Directories of plugins, separated by ':'")
      ->envname("CNI_PATH")
      ->capture_default_str();
  app.add_option("--cache-dir", site.cache_dir, "libcni's cache")->capture_default_str();
  app.add_option("--timeout", settings.timeout_s, "Seconds that one execution of a plugin may take")
      ->check(timeout_fault)
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("-o,--output", settings.output, "text, or json for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT")
      ->capture_default_str();
}

void add_attachment_options(CLI::App& command, Invocation& invocation, bool as_cnitool) {
  command.add_option("NETNS", invocation.netns, "Network namespace of the container")->required();
  command.add_option("-i,--ifname", invocation.ifname, "Interface in the container")
      ->envname("CNI_IFNAME")
      ->capture_default_str();
  auto* args = command.add_option("--args", invocation.args, "K=V, or K=V;K=V; may be repeated");
  auto* capabilities = command.add_option(
      "--cap", invocation.capabilities, "Capability arguments, e.g. '{\"mac\": \"02:..\"}'");
  args->envname("CNI_ARGS")->type_name("K=V")->allow_extra_args(false);
  capabilities->envname("CAP_ARGS")->type_name("JSON");
  if (as_cnitool) {
    args->group("");  // only the environment
    capabilities->group("");
    return;
  }
  command.add_option(
      "--container-id",
      invocation.container_id,
      "Container id; derived from NETNS as cnitool does");
}

void add_options(CLI::App& command, const Command& description, Invocation& invocation) {
  const bool as_cnitool = invocation.as_cnitool;
  if (description.takes != Takes::nothing && description.takes != Takes::files) {
    command.add_option("NETWORK", invocation.network, "Name of the network")->required();
  }
  if (as_cnitool || description.takes == Takes::attachment) {
    add_attachment_options(command, invocation, as_cnitool);
  } else if (description.takes == Takes::keep) {
    command.add_option("--keep", invocation.keep, "Attachment to keep; may be repeated")
        ->type_name("ID/IFNAME")
        ->allow_extra_args(false);
    command.add_flag("--all", invocation.all, "Keep nothing: detach every attachment");
  } else if (description.takes == Takes::files) {
    command.add_option("FILE", invocation.files, "*.conflist, *.conf or *.json")->required();
  }
}

void add_commands(CLI::App& app, Invocation& invocation) {
  app.require_subcommand(1);
  for (const Command& description : kCommands) {
    if (invocation.as_cnitool && !description.in_cnitool) {
      continue;
    }
    CLI::App* command = app.add_subcommand(description.name, description.help);
    command->fallthrough();
    command->footer(kFooter);
    add_options(*command, description, invocation);
    command->callback([&invocation, name = description.name] { invocation.command = name; });
  }
}

/// What cannot be said by a single option.
void check_together(const CLI::App& app, const Invocation& invocation) {
  if (invocation.command == "gc" && !invocation.as_cnitool &&
      invocation.keep.empty() != invocation.all) {
    throw CLI::ValidationError{
        app.get_name(),
        invocation.all
            ? "gc: --all and --keep exclude each other"
            : "gc: nothing to keep; to detach every attachment of the network, say --all"};
  }
  for (const std::string& attachment : invocation.keep) {
    const auto slash = attachment.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == attachment.size()) {
      throw CLI::ValidationError{"--keep", attachment + " must be ID/IFNAME"};
    }
  }
}

void parse(CLI::App& app, Settings& settings, int argc, char** argv) {
  Invocation& invocation = settings.invocation;
  if (invocation.as_cnitool) {
    invocation.site.conf_dir = "/etc/cni/net.d";
  }
  app.parse(argc, argv);
  check_together(app, invocation);
  invocation.all = invocation.all || invocation.as_cnitool;
  invocation.wants_json = settings.output == "json" || invocation.as_cnitool;
  invocation.site.timeout =
      std::chrono::milliseconds{static_cast<std::int64_t>(settings.timeout_s * 1000)};
}

}  // namespace

Parsed parse_command_line(int argc, char** argv) {
  Settings settings;
  Invocation& invocation = settings.invocation;
  invocation.as_cnitool = std::filesystem::path{argv[0]}.filename() == "cnitool";
  invocation.ifname = "eth0";
  invocation.site = {"/etc/cni/net.d", default_plugin_path(), "/var/lib/cni", {}};
  CLI::App app{
      "Attaches network namespaces to CNI networks and detaches them.",
      invocation.as_cnitool ? "cnitool" : "patchbay"};
  app.set_version_flag("--version", "patchbay " PATCHBAY_VERSION);
  app.footer(kFooter);
  add_common_options(app, settings);
  add_commands(app, invocation);
  try {
    parse(app, settings, argc, argv);
    return {.invocation = std::move(invocation)};
  } catch (const CLI::ParseError& e) {
    const bool answered = app.exit(e, std::cout, std::cerr) == 0;
    return {.invocation = std::nullopt, .status = answered ? 0 : kWrongUsage};
  }
}

}  // namespace patchbay::runner
