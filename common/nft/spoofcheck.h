#pragma once

#include <functional>
#include <string>

#include "base/owner.h"
#include "base/types.h"
#include "nft/owned_set.h"

/// Frames that leave a container under a MAC address that is not its own are dropped at its bridge
/// port.
///
///     table bridge patchbay {
///       set port_macs { type ifname . ether_addr; }     # one element a port
///       chain spoofcheck {
///         type filter hook prerouting priority dstnat
///         iifgroup 0x70617463 iifname . ether saddr != @port_macs drop
///       }
///     }
///
/// Guarded ports are born in link group kSpoofCheckGroup, so a port is closed before its element is
/// there, never open.
namespace patchbay::nft {

inline constexpr std::uint32_t kSpoofCheckGroup = 0x70617463;  // "patc"

/// Lets frames from `mac` through port `port`, and no others. Throws SystemError.
void add_spoofcheck(
    Connection& connection, const Owner& owner, const IfName& port, const MacAddr& mac);

/// Removes the element of `owner` for this port and address; false when there is none.
bool remove_spoofcheck(
    Connection& connection, const Owner& owner, const IfName& port, const MacAddr& mac);
/// The same when port or address are not known: found by the owner's mark.
void remove_spoofcheck(Connection& connection, const Owner& owner);
/// Removes the elements whose label `stale` chooses.
void remove_spoofcheck_if(
    Connection& connection, const std::function<bool(const std::string& label)>& stale);

/// Throws Error{check_failed} saying what is missing of what add_spoofcheck() promised.
void check_spoofcheck(
    Connection& connection, const Owner& owner, const IfName& port, const MacAddr& mac);

}  // namespace patchbay::nft
