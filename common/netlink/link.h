#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "netlink/socket.h"

namespace patchbay::nl {

/// What a bridge port is told, and tells, about itself.
struct PortState {
  bool hairpin = false;
  bool isolated = false;
};

/// What the kernel says about one interface, at the moment it was asked.
struct Link {
  IfIndex index{};
  IfName name;
  std::string kind{};  ///< IFLA_INFO_KIND: "veth", "bridge"; empty for physical devices.
  MacAddr mac{};
  Mtu mtu{};
  bool up = false;       ///< IFF_UP, i.e. administratively up.
  bool oper_up = false;  ///< IF_OPER_UP: it carries packets.
  bool promiscuous = false;
  std::optional<IfIndex> master{};  ///< Bridge or VRF it is enslaved to.
  std::optional<IfIndex> peer{};    ///< IFLA_LINK: the other end of a veth, in *its* namespace.
  /// Where `peer` is, by the number that this namespace has for the other one; nullopt: here.
  std::optional<int> peer_nsid{};
  std::string alias{};  ///< ifalias; empty when none.
  /// The device behind it as "<bus>/<name>", e.g. "pci/0000:03:00.0"; empty for links without
  /// hardware, and before Linux 5.14.
  std::string parent{};
  std::optional<MacAddr> permanent_mac{};  ///< That of the hardware; absent before Linux 5.6.
  bool loopback = false;
  std::uint32_t group = 0;
  bool vlan_filtering = false;     ///< Bridges only.
  std::uint16_t default_pvid = 0;  ///< Bridges only.
  PortState port{};                ///< Bridge ports only.
  std::uint32_t xdp_program = 0;   ///< The kernel's number of it; 0: none.
};

/// Nullopt when there is no such interface; absence is not an error.
std::optional<Link> find_link(Socket& socket, const IfName& name);
std::optional<Link> find_link(Socket& socket, IfIndex index);
/// Throws SystemError{ENODEV} when there is no such interface.
Link get_link(Socket& socket, const IfName& name);
/// The number that the socket's namespace has for `ns`; nullopt while it has none. Throws
/// SystemError.
std::optional<int> find_nsid(Socket& socket, const netns::Netns& ns);
/// All links of the namespace, each once, by number. One that comes or goes meanwhile may be among
/// them or not.
std::vector<Link> list_links(Socket& socket);

/// What to change about a link; what is absent stays.
struct LinkChange {
  std::optional<bool> up{};
  std::optional<bool> promiscuous{};
  std::optional<Mtu> mtu{};
  std::optional<MacAddr> mac{};
  std::optional<IfIndex> master{};   ///< IfIndex{0} releases it.
  std::optional<int> xdp_program{};  ///< A descriptor; run on what comes in, whatever the driver.
  std::optional<bool> arp_notify{};  ///< IPv4: announce the address when the link comes up.
  std::optional<bool> link_local{};  ///< IPv6: get a link-local address when it comes up.
  /// The namespace to move it to. The link is down then, without addresses and routes, and gets
  /// what else is to change there; all of it in one request, so that a kill finds it done or not.
  const netns::Netns* target = nullptr;
  std::optional<IfIndex> target_index{};  ///< There; before Linux 5.13 the kernel chooses.
  std::optional<IfName> name{};           ///< A "%d" in it becomes the first number that is free.
  std::optional<std::string> alias{};     ///< ifalias; empty removes it.
};

/// `what` completes the message of the SystemError that a refusal throws ("set 'eth0' up").
void change_link(Socket& socket, IfIndex link, const LinkChange& change, std::string_view what);
/// The same, but a refusal is returned. A part of the change may have been made.
Refusal try_change_link(Socket& socket, IfIndex link, const LinkChange& change);

/// Returns false when the interface was already gone.
bool delete_link(Socket& socket, IfIndex index);

}  // namespace patchbay::nl
