#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/owner.h"
#include "base/types.h"
#include "ovsdb/client.h"

/// One container's port of an Open vSwitch bridge: a Port, its Interface and, with a rate, its QoS
/// and Queue. All four have identities that follow from the owner, and carry the owner in
/// external_ids besides.
namespace patchbay::ovsdb {

/// How a port treats VLANs, as ovs-vswitchd.conf.db(5) has it under "Port".
struct Vlans {
  std::string mode{};  ///< "access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel"
  std::optional<std::uint16_t> tag{};
  std::vector<std::uint16_t> trunks{};  ///< Ascending; empty: all.

  friend bool operator==(const Vlans&, const Vlans&) = default;
};

/// Bits per second, and bits at once; 0: no limit, or the daemon's default.
struct Rate {
  std::uint64_t rate = 0;
  std::uint64_t burst = 0;
};

/// `bits` as ovs-vswitchd polices them, in whole kilobits: a small rate must not become "no limit".
std::uint64_t kilobits(std::uint64_t bits);

struct PortSpec {
  std::string bridge;
  Owner owner;
  IfName name;  ///< Of the device, and so of Port and Interface.
  Vlans vlans{};
  bool isolated = false;     ///< Protected ports do not reach each other.
  std::string type{};        ///< Of the Interface; empty: a device of the system.
  std::uint32_t ofport = 0;  ///< The OpenFlow port number that is asked for; 0: any.
  Rate from_container{};     ///< Policed.
  Rate to_container{};       ///< Shaped.
  std::map<std::string, std::string> port_ids{};  ///< Further external_ids.
  std::map<std::string, std::string> interface_ids{};
  std::map<std::string, std::string> other_config{};
};

/// What external_ids say about an owner's rows, and about those of a whole network.
std::map<std::string, std::string> owner_ids(const Owner& owner);
std::map<std::string, std::string> network_ids(const std::string& network);

/// The insertion of a port, in two halves, so that the daemons work while the caller does.
class PortInsertion {
 public:
  /// Sends the transaction: unless the bridge exists, nothing is done.
  PortInsertion(Client& client, PortSpec spec);

  /// Waits for the database's answer; false when there is no such bridge. What an earlier boot has
  /// left under the same owner is replaced. Throws Error.
  bool finish();
  /// Sends it again; to be finished once more.
  void repeat();
  /// Waits, told by the server, until ovs-vswitchd has taken the port up, at most `patience` (0:
  /// not at all). Throws Error{io_failure} with the daemon's words when it has refused it, and
  /// Error{try_again_later} when it does not answer or the port has been removed meanwhile.
  void await(std::chrono::milliseconds patience);

 private:
  [[nodiscard]] Transaction transaction();
  [[nodiscard]] std::string name() const;

  Client& client_;
  PortSpec spec_;
  std::size_t interface_position_ = 0;
  std::optional<Pending> pending_;
  std::optional<Uuid> interface_;
};

/// Removes the owner's port from whatever bridge it is on. False when there is none.
bool remove_port(Client& client, const Owner& owner);

/// Removes every port of `network` whose owner is stale. The server selects the rows: ports of
/// others are not even read, as a replica's column Bridge.ports would.
void remove_ports_if(
    Client& client, const std::string& network, const std::function<bool(const Owner&)>& is_stale);

/// What the database says about a port.
struct PortState {
  std::string name;
  Vlans vlans{};
  bool isolated = false;
  std::optional<Uuid> interface {};
  bool on_bridge = false;  ///< On the one that was asked for.
  std::map<std::string, std::string> port_ids{};
  std::map<std::string, std::string> interface_ids{};
  std::optional<std::int64_t> ofport{};  ///< Absent until ovs-vswitchd has seen it; -1: refused.
  std::string error{};
  std::string link_state{};
  std::uint64_t policed_rate = 0;  ///< Bits per second from the container; 0: no limit.
  std::uint64_t shaped_rate = 0;   ///< To it.
};

/// Nullopt when the owner has no port.
std::optional<PortState> find_port(Client& client, const Owner& owner, const std::string& bridge);

/// True when ovs-vswitchd has seen the port's link up, or does within `patience`.
bool await_link(Client& client, PortState& port, std::chrono::milliseconds patience);

}  // namespace patchbay::ovsdb
