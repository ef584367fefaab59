#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/owner.h"
#include "netlink/baggage.h"
#include "netns/netns.h"

namespace patchbay::device {

/// What is remembered of a device of the host while it is in a container: how to find it, and how
/// it was.
struct Record {
  std::string label;      ///< Owner::label() of the attachment.
  nl::Link was;           ///< On the host; its index is that of there.
  nl::Baggage baggage{};  ///< What it carried.
  std::string
      hardware{};       ///< Directory of the device behind it ("/sys/devices/..."); may be empty.
  std::string netns{};  ///< The path of the container's namespace,
  std::uint64_t netns_inode = 0;  ///< and what it led to.
  IfIndex away{};                 ///< Its index there.

  /// The ifalias of the link in the container: it says whose it is and what it was called.
  [[nodiscard]] std::string mark() const;
  /// "container 'c1' (network 'net1', interface 'eth0')"
  [[nodiscard]] std::string holder() const;
};

/// The record as JSON text.
std::string print(const Record& record);
/// Reads what print() wrote. Throws Error{decoding_failure, invalid_config}.
Record parse_record(std::string label, std::string_view text);

/// The host's name in the mark `alias` of the attachment `label`; empty when it is not one.
std::string name_in_mark(std::string_view alias, std::string_view label);

}  // namespace patchbay::device
