#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cni/keys.h"
#include "device/record.h"
#include "netlink/link.h"

namespace patchbay::device {

/// One key that says which device is meant, and what it says.
struct Selector {
  std::string key;
  std::string value;
  std::optional<IfName> name{};  ///< One of these three.
  std::optional<MacAddr> mac{};
  std::string directory{};  ///< Of the hardware, in /sys.

  /// The link on the host. Throws Error{invalid_config} when several have the MAC address.
  [[nodiscard]] std::optional<nl::Link> find(nl::Socket& host) const;
  /// True when the device of `record` is meant.
  [[nodiscard]] bool matches(const Record& record) const;
};

/// The keys device, hwaddr, kernelpath, pciBusID and runtimeConfig.deviceID.
struct Selection {
  std::string device;
  std::string hwaddr;
  std::string kernel_path;
  std::string pci_bus_id;
  std::string device_id;

  /// While reading, throws Error{invalid_config} for what cannot be a device.
  void declare(cni::Keys& keys);
  /// Those that are given, in the reference's order of precedence. A runtime's deviceID takes the
  /// place of pciBusID; Error{invalid_config} when it is neither a PCI device nor an auxiliary one.
  [[nodiscard]] std::vector<Selector> selectors() const;
};

/// Throws Error{invalid_config} when nothing says which device is meant.
std::vector<Selector> require_any(std::vector<Selector> selectors);

/// The directory of the device that `selectors` lead to, when it is passed through to a process and
/// has no link; else empty. Throws Error{invalid_config} when another one leads elsewhere.
std::string find_passed_through(const std::vector<Selector>& selectors);

}  // namespace patchbay::device
