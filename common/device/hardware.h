#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

/// What /sys tells about the hardware behind links. It shows the links of the namespace that it was
/// mounted in, which is the host's. Directories are those of devices, e.g.
/// "/sys/bus/pci/devices/0000:03:00.0".
namespace patchbay::device {

/// True for "0000:03:00.0", in lower case.
bool is_pci_address(std::string_view text);

/// The directory without symbolic links ("/sys/devices/..."); empty when there is none.
std::string real_directory(const std::string& directory);
/// The directory of the device behind the link `name`, without symbolic links; empty when the link
/// has none, or is not on the host.
std::string directory_behind(const IfName& name);
/// The PCI address in a directory without symbolic links, the innermost one: that of a virtio or
/// auxiliary device is the one of the PCI device that it is part of. Empty when there is none.
std::string pci_address_in(std::string_view directory);

/// The links of a device, those of a virtio device that is part of it included; sorted.
std::vector<IfName> list_links_of(const std::string& directory);

/// The driver that a device is bound to; empty when there is none.
std::string driver_of(const std::string& directory);
/// True when the device is bound to a driver that hands it to a process (DPDK), so that it has no
/// link.
bool is_passed_through(const std::string& directory);

}  // namespace patchbay::device
