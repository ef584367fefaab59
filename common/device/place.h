#pragma once

#include <cstdint>
#include <optional>

#include "device/record.h"
#include "netlink/link.h"
#include "netns/netns.h"

/// Where the device of a record is now.
namespace patchbay::device {

/// True for links with hardware behind them. Only these survive the end of a namespace: the kernel
/// returns them to the host.
bool is_hardware(const nl::Link& link);

/// True when `link`, which is on the host, is the device of `record`: it has come back, or was
/// never moved.
bool is_home(const Record& record, const nl::Link& link);
/// The device on the host, whatever it is called there.
std::optional<nl::Link> find_home(nl::Socket& host, const Record& record);

/// A link in a container, and a socket there.
struct Place {
  nl::Socket socket;
  nl::Link link;
};
/// The device in `container`, or in the namespace that it was lent to. Hardware is known by what no
/// container can change; a virtual device by its number there or, if another namespace has it, by
/// its mark.
std::optional<Place> find_away(const Record& record, const std::optional<netns::Netns>& container);

/// True while the hardware is plugged in and bound to a driver that makes a link, so there must be
/// one in some namespace. False for devices without hardware.
bool is_plugged(const Record& record);

/// What tells namespaces apart while they exist.
std::uint64_t inode_of(const netns::Netns& ns);

}  // namespace patchbay::device
