#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/owner.h"
#include "base/privilege.h"
#include "base/types.h"
#include "cni/args.h"
#include "cni/config.h"
#include "cni/environment.h"
#include "cni/keys.h"
#include "cni/result.h"
#include "cni/version.h"
#include "netns/netns.h"

namespace patchbay::cni {

struct Plugin;

/// A plugin that is linked into another one and runs in its process wherever CNI_PATH holds an
/// executable of the very same build.
struct LinkedPlugin {
  const Plugin& plugin;
  std::string_view build_id;  ///< The bytes of the executable's GNU build ID.
};

/// The network configuration read from stdin: all that GC and STATUS get.
struct Network {
  std::string name;
  Version version;
  Config config;
  std::string plugin_path;               ///< CNI_PATH: where delegates are found.
  const LinkedPlugin* linked = nullptr;  ///< The delegate that need not be executed.
};

/// One container interface in one network: the subject of ADD, CHECK and DEL.
struct Attachment {
  Network network;
  std::string container_id;
  std::string netns_path;             ///< As given; empty only for DEL.
  std::optional<netns::Netns> netns;  ///< Always there for ADD and CHECK; absent when gone.
  IfName ifname;
  Args args;
  /// "prevResult" in the newest shape. CHECK always has it; for DEL an unreadable one is absent.
  std::optional<Result> previous;

  [[nodiscard]] Owner owner() const { return {network.name, container_id, ifname.str()}; }
};

/// The attachments that GC has to spare.
struct ValidAttachments {
  std::vector<Owner> owners;

  [[nodiscard]] bool contains(const Owner& owner) const;
  /// The same for a link's or element's label(), in which long parts are shortened.
  [[nodiscard]] bool contains_label(std::string_view label) const;
};

/// A plugin is this table. A null member means "nothing to do"; `add` and `del` are required.
struct Plugin {
  std::string_view name;
  std::string_view about;  ///< One line for people.
  /// False for what never enters the container, such as an IPAM plugin: what CNI_NETNS names need
  /// not exist then.
  bool enters_netns = true;
  const LinkedPlugin* linked = nullptr;  ///< A delegate that may run in this process.
  /// What it needs of capabilities(7) when its input is read. All others are given up then: for
  /// good by a plugin without delegates. One with delegates keeps those of the linked one, too, and
  /// what it executes gets what the runtime gave.
  Capabilities capabilities{};
  void (*declare)(Keys&) = nullptr;  ///< Declares every configuration key; for --schema.
  Result (*add)(const Attachment&) = nullptr;
  void (*del)(const Attachment&) = nullptr;
  void (*check)(const Attachment&) = nullptr;
  /// Frees what belongs to this network and to none of the valid attachments.
  void (*gc)(const Network&, const ValidAttachments&) = nullptr;
  /// Throws Error{plugin_not_available} with the reason when an ADD could not succeed now.
  void (*status)(const Network&) = nullptr;
};

/// The plugin that another one is linked into and runs in.
struct Caller {
  Config config;                                    ///< What is read from stdin otherwise.
  std::function<void(nlohmann::json)> take_result;  ///< Where the result of ADD goes, not stdout.
};

/// Everything the outside world supplies; tests pass their own.
struct Process {
  Getenv getenv;
  std::function<std::string()> read_input;             ///< stdin to its end.
  std::function<void(std::string_view)> write_output;  ///< stdout
  std::function<void(std::string_view)> write_error;   ///< stderr
  /// It is the plugin's own: it must not be elevated (see is_elevated()), and gives up what
  /// capabilities the plugin does not need.
  bool own = false;
  std::optional<Caller> caller{};  ///< It is that plugin's process.
};

/// Reads the command, runs it, prints the result or the error JSON, returns the exit status.
/// The only function in the project that catches everything, and the only one that writes stdout.
int run(
    const Plugin& plugin, const std::vector<std::string_view>& arguments, const Process& process);
/// The same for main().
int run(const Plugin& plugin, int argc, char** argv);

/// The JSON Schema of a plugin's network configuration, as text.
std::string schema(const Plugin& plugin);

}  // namespace patchbay::cni
