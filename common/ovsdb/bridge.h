#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/types.h"
#include "ovsdb/client.h"

/// Bridges of Open vSwitch, and what belongs to all ports of one.
namespace patchbay::ovsdb {

struct BridgeSpec {
  std::string name;
  std::string datapath_type{};  ///< Empty: the kernel's.
  std::string fail_mode{};      ///< "standalone", "secure" or empty.
};

bool has_bridge(Client& client, const std::string& name);

/// False when there was such a bridge already; nothing about it is then changed. Safe beside
/// others who do the same.
bool ensure_bridge(Client& client, const BridgeSpec& spec);

/// Removes a bridge that ensure_bridge() has made, together with `internal_port` if
/// ensure_internal_port() has made it. False when it is not there, is somebody else's, or has other
/// ports than these and its own.
bool remove_unused_bridge(
    Client& client, const std::string& name, const std::string& internal_port);

/// A port of the bridge whose device ovs-vswitchd makes on the host.
struct InternalPortSpec {
  std::string bridge;
  IfName name;
  std::optional<std::uint16_t> tag{};
};
/// False when there was a port of this name already.
bool ensure_internal_port(Client& client, const InternalPortSpec& spec);

/// Waits until ovs-vswitchd has taken up the Interface `name`. Throws Error{try_again_later} after
/// `patience`.
void await_interface(Client& client, const std::string& name, std::chrono::milliseconds patience);

/// Keeps `mac` the address of the bridge's local port, unless another one has been set: left to
/// itself ovs-vswitchd takes that of a port, and another one when ports come and go.
void keep_mac(Client& client, const std::string& bridge, const MacAddr& mac);

/// Throws Error{try_again_later} when ovs-vswitchd does not answer within `patience`.
void require_switch(Client& client, std::chrono::milliseconds patience);

}  // namespace patchbay::ovsdb
