#include "device/selection.h"

#include <algorithm>

#include "base/error.h"
#include "device/hardware.h"

namespace patchbay::device {

namespace {

constexpr std::string_view kKernelDevices = "/sys/devices/";
const std::string kPciDevices = "/sys/bus/pci/devices/";
const std::string kAuxiliaryDevices = "/sys/bus/auxiliary/devices/";

[[noreturn]] void refuse(const std::string& text, const std::string& rule) {
  throw Error{ErrorCode::invalid_config, quote(text) + " must be " + rule};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  });
  return text;
}

std::string kernel_path_in(const std::string& text) {
  if (!text.starts_with(kKernelDevices) || (text + "/").find("/../") != std::string::npos) {
    refuse(text, "a path below /sys/devices");
  }
  return text;
}

std::string pci_address_of(const std::string& text) {
  const std::string address = lower(text);
  if (!is_pci_address(address)) {
    refuse(text, "a PCI address of the form 0000:03:00.0");
  }
  return address;
}

std::string device_id_in(const std::string& text) {
  if (text.find_first_of(std::string_view{"/\0", 2}) != std::string::npos || text[0] == '.') {
    refuse(text, "a PCI address or the name of an auxiliary device");
  }
  return text;
}

/// Links of the host with this address. A VLAN or a bridge has that of the NIC below it, which is
/// the one that is meant.
std::vector<nl::Link> list_links_with(nl::Socket& host, const MacAddr& mac) {
  auto links = nl::list_links(host);
  std::erase_if(links, [&](const nl::Link& link) { return link.mac != mac; });
  const auto hardware = std::stable_partition(
      links.begin(), links.end(), [](const nl::Link& link) { return link.kind.empty(); });
  if (hardware != links.begin()) {
    links.erase(hardware, links.end());
  }
  return links;
}

std::optional<nl::Link> find_by_mac(nl::Socket& host, const Selector& selector) {
  const auto links = list_links_with(host, *selector.mac);
  if (links.size() > 1) {
    throw Error{
        ErrorCode::invalid_config,
        selector.key + ": " + quote(selector.value) + " is the address of " +
            quote(links[0].name.str()) + " and of " + quote(links[1].name.str())};
  }
  return links.empty() ? std::nullopt : std::optional{links.front()};
}

Selector runtime_selector(const std::string& id) {
  const std::string key = "runtimeConfig.deviceID";
  for (const auto& directory : {kPciDevices + lower(id), kAuxiliaryDevices + id}) {
    if (!real_directory(directory).empty()) {
      return {.key = key, .value = id, .directory = directory};
    }
  }
  throw Error{
      ErrorCode::invalid_config,
      key + ": there is no PCI device and no auxiliary device " + quote(id)};
}

}  // namespace

std::optional<nl::Link> Selector::find(nl::Socket& host) const {
  if (name) {
    return nl::find_link(host, *name);
  }
  if (mac) {
    return find_by_mac(host, *this);
  }
  const auto links = list_links_of(directory);
  return links.empty() ? std::nullopt : nl::find_link(host, links.front());
}

bool Selector::matches(const Record& record) const {
  if (name) {
    return record.was.name == *name;
  }
  if (mac) {
    return record.was.mac == *mac;
  }
  const auto real = real_directory(directory);
  return !real.empty() && (record.hardware + "/").starts_with(real + "/");
}

void Selection::declare(cni::Keys& keys) {
  using cni::Format;
  const auto given = [](const auto& parse) {  // empty is as good as absent, as in the reference
    return [&parse](const std::string& text) { text.empty() ? void() : parse(text); };
  };
  const auto parse_name = [&](const std::string& text) { device = IfName::parse(text).str(); };
  keys.parsed("device", Format::ifname, given(parse_name), "name of the device on the host");
  const auto parse_mac = [&](const std::string& text) { hwaddr = MacAddr::parse(text).str(); };
  keys.parsed("hwaddr", Format::mac, given(parse_mac), "its MAC address");
  const auto parse_path = [&](const std::string& text) { kernel_path = kernel_path_in(text); };
  keys.parsed("kernelpath", Format::path, given(parse_path), "its directory in /sys/devices");
  const auto parse_pci = [&](const std::string& text) { pci_bus_id = pci_address_of(text); };
  keys.parsed("pciBusID", Format::text, given(parse_pci), "its PCI address");
  const auto parse_id = [&](const std::string& text) { device_id = device_id_in(text); };
  keys.object(
      "runtimeConfig",
      [&](cni::Keys& nested) {
        nested.parsed(
            "deviceID",
            Format::text,
            given(parse_id),
            "its PCI address, or the name of an auxiliary device; replaces pciBusID");
      },
      "set by the runtime for declared capabilities");
}

std::vector<Selector> Selection::selectors() const {
  std::vector<Selector> given;
  if (!device.empty()) {
    given.push_back({.key = "device", .value = device, .name = IfName::parse(device)});
  }
  if (!hwaddr.empty()) {
    given.push_back({.key = "hwaddr", .value = hwaddr, .mac = MacAddr::parse(hwaddr)});
  }
  if (!kernel_path.empty()) {
    given.push_back({.key = "kernelpath", .value = kernel_path, .directory = kernel_path});
  }
  if (!device_id.empty()) {
    given.push_back(runtime_selector(device_id));
  } else if (!pci_bus_id.empty()) {
    given.push_back(
        {.key = "pciBusID", .value = pci_bus_id, .directory = kPciDevices + pci_bus_id});
  }
  return given;
}

std::vector<Selector> require_any(std::vector<Selector> selectors) {
  if (selectors.empty()) {
    throw Error{
        ErrorCode::invalid_config,
        "device: missing; one of device, hwaddr, kernelpath, pciBusID and runtimeConfig.deviceID "
        "must say which device is meant"};
  }
  return selectors;
}

std::string find_passed_through(const std::vector<Selector>& selectors) {
  const auto found = std::find_if(selectors.begin(), selectors.end(), [](const Selector& one) {
    return !one.directory.empty() && is_passed_through(one.directory);
  });
  if (found == selectors.end()) {
    return {};
  }
  const auto directory = real_directory(found->directory);
  for (const auto& other : selectors) {
    if (other.directory.empty() || real_directory(other.directory) != directory) {
      throw Error{
          ErrorCode::invalid_config,
          other.key + ", " + found->key + ": they lead to different devices, for " +
              quote(found->value) + " is passed through and has no link"};
    }
  }
  return directory;
}

}  // namespace patchbay::device
