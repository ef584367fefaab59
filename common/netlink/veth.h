#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/owner.h"
#include "netlink/link.h"

namespace patchbay::nl {

/// What ADD makes: a pair whose host end is called after its owner, and marked with it.
struct VethSpec {
  IfName ifname;                    ///< The container's end.
  Owner owner;                      ///< Names and marks the host's end.
  const netns::Netns& container;    ///< Where `ifname` is born; it is never moved.
  Mtu mtu{};                        ///< Of both ends; 0: the kernel's default.
  std::optional<MacAddr> mac{};     ///< Of the container's end; the kernel chooses if absent.
  std::optional<IfIndex> master{};  ///< The bridge to which the host's end belongs.
  std::uint32_t group = 0;          ///< Link group of the host's end.
  bool new_name = false;            ///< A random name, the usual one being its alternative name.
};

/// Creates the pair with one request, the host's end enslaved, and marks the host's end as the
/// owner's (ifalias) in the same system call. Returns the host's end. It is up, unless it has a
/// master: a bridge does work for all its ports whenever one that is up changes, so the caller sets
/// it up last.
///
/// The host's end is called "veth" and 8 hex digits derived from the owner; where a foreign link
/// has that name the next of 8 derived names is taken. Its MAC begins with fe, higher than any
/// ordinary address, so that no bridge ever adopts it as its own. Alternative names need
/// kernel 5.5. Throws Error{invalid_environment} naming CNI_IFNAME when the container has such an
/// interface, or when the owner is attached already; SystemError for anything else.
Link add_veth(Socket& host, const VethSpec& spec);

/// The host's end that add_veth() made for `owner`, if it is still there.
std::optional<Link> find_veth(Socket& host, const Owner& owner);

/// A pair with both ends on the host: `name` by itself and `port` as a port of `bridge`, both up.
struct HostPairSpec {
  IfName name;
  IfName port;
  IfIndex bridge;
};
/// False when there is a link called `name` already; nothing is then changed.
bool add_host_pair(Socket& host, const HostPairSpec& spec);

/// The ifalias of a host's end.
std::string alias_of(const Owner& owner);

/// The owner of the link that carries `alias`; nullopt when it is none of ours.
std::optional<Owner> owner_of(std::string_view alias);

/// The owner's label in `alias`; empty when it is none of ours.
std::string_view label_of(std::string_view alias);

/// The error for a container that has `ifname` already.
Error interface_exists(const IfName& ifname);

}  // namespace patchbay::nl
