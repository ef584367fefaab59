#include "device/hardware.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/state.h"

namespace patchbay::device {

namespace {

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

/// Sorted; none when there is no such directory.
std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const UniqueFd fd = state::find_directory(directory);
  const auto note = [&](const char* name) { names.emplace_back(name); };
  if (fd && !state::for_each_name(fd.get(), note)) {
    throw SystemError{errno, "list directory " + quote(directory)};
  }
  std::sort(names.begin(), names.end());
  return names;
}

void append_links(const std::string& directory, std::vector<IfName>& links) {
  for (const auto& name : names_in(directory + "/net")) {
    if (!ifname_fault(name)) {
      links.push_back(IfName::parse(name));
    }
  }
}

}  // namespace

bool is_pci_address(std::string_view text) {
  constexpr std::string_view kForm = "xxxx:xx:xx.x";  // domains have more digits on few machines
  const std::size_t more = text.size() < kForm.size() ? 0 : text.size() - kForm.size();
  const std::string form = std::string(more, 'x') + std::string{kForm};
  for (std::size_t i = 0; i < text.size() && text.size() == form.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_digit = std::isdigit(c) != 0 || (c >= 'a' && c <= 'f');
    if (form[i] == 'x' ? !is_digit : text[i] != form[i]) {
      return false;
    }
  }
  return text.size() == form.size() && more <= 4;
}

std::string real_directory(const std::string& directory) {
  const std::unique_ptr<char, void (*)(void*)> path{::realpath(directory.c_str(), nullptr), ::free};
  return path ? path.get() : "";
}

std::string directory_behind(const IfName& name) {
  return real_directory("/sys/class/net/" + name.str() + "/device");
}

std::string pci_address_in(std::string_view directory) {
  while (!directory.empty() && !is_pci_address(last_part(directory))) {
    const auto slash = directory.rfind('/');
    directory = directory.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return std::string{last_part(directory)};
}

std::vector<IfName> list_links_of(const std::string& directory) {
  std::vector<IfName> links;
  const std::string real = real_directory(directory);
  append_links(real, links);
  for (const auto& part : names_in(real)) {
    if (part.starts_with("virtio")) {
      append_links(real + "/" + part, links);
    }
  }
  return links;
}

std::string driver_of(const std::string& directory) {
  return std::string{last_part(real_directory(directory + "/driver"))};
}

bool is_passed_through(const std::string& directory) {
  const std::string driver = driver_of(directory);
  return driver == "vfio-pci" || driver == "uio_pci_generic" || driver == "igb_uio";
}

}  // namespace patchbay::device
