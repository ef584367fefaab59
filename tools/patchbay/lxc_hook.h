#pragma once

#include <string>
#include <vector>

#include "cni/environment.h"
#include "patchbay/runner.h"

namespace patchbay::runner {

/// One network that a container wants to be in.
struct NetworkChoice {
  std::string network;
  std::string ifname;

  friend bool operator==(const NetworkChoice&, const NetworkChoice&) = default;
};

/// Reads "NETWORK[:IFNAME]" words, separated by white space or commas; comments go from '#' to the
/// end of the line. The interfaces without a name are eth0, eth1 and so on by their position.
std::vector<NetworkChoice> parse_choices(const std::string& text);

/// The value that the last "lxc.environment = <variable>=<value>" line in an LXC configuration
/// gives, files that it includes taken in; empty when there is none.
std::string environment_in_lxc_config(const std::string& file, const std::string& variable);

/// Attaches or detaches an LXC container: the hook for start-host, post-stop and destroy (hook
/// version 1, which describes the container in LXC_* variables). The networks are those of the file
/// "patchbay.networks" beside the container's configuration, else of PATCHBAY_NETWORKS in its
/// lxc.environment, else of PATCHBAY_NETWORKS in our environment.
///
/// start-host pins the container's namespace as /run/netns/lxc-<name>, after it has detached what
/// an earlier run of this container left there; when a network fails, everything is taken back.
/// post-stop and destroy detach what is attached, whatever the choice says now, and unpin. Throws
/// Error.
void run_lxc_hook(const Runner& runner, const cni::Getenv& getenv);

}  // namespace patchbay::runner
