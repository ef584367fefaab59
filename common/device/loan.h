#pragma once

#include <optional>
#include <vector>

#include "cni/plugin.h"
#include "device/record.h"
#include "device/selection.h"
#include "device/store.h"
#include "netlink/link.h"

namespace patchbay::device {

/// ADD: a device of the host is chosen, and moved into a container. The way back is take_back().
class Loan {
 public:
  /// Takes the store's lock and finds the link on the host that all of `selectors` lead to. What a
  /// killed command, or a container that is gone, has left of it is put in order, so that it is the
  /// device as it was; nothing else is changed. `attachment` must outlive this.
  ///
  /// Throws Error{invalid_config} when a selector leads to nothing, when two lead to different
  /// devices (naming both keys), and for a link that cannot be lent: lo, and a port of a bridge or
  /// bond. Throws Error{try_again_later} when the device is in another container, and
  /// Error{invalid_environment} when this attachment has a device already.
  Loan(const cni::Attachment& attachment, const std::vector<Selector>& selectors);

  /// How the device is on the host.
  [[nodiscard]] const Record& record() const { return record_; }

  /// Writes the record and moves the device: down, without addresses, with the name CNI_IFNAME and
  /// with `mtu` and `mac` if there are any, all in one request. Releases the lock. Throws
  /// Error{invalid_config} for a link that the kernel does not let go, SystemError otherwise.
  /// Returns the link in the container.
  nl::Link carry_out(std::optional<Mtu> mtu, std::optional<MacAddr> mac);

  /// Undoes carry_out(), however far it came: for the undo log.
  void undo();

 private:
  const cni::Attachment& attachment_;
  nl::Socket host_;
  Store store_;
  Record record_;
};

/// STATUS: throws Error{plugin_not_available} when the device of `selector` is neither on the host
/// nor in a container. One that is in a container is where it belongs: a runtime takes the whole
/// node for unusable while STATUS fails.
void require_there(const Selector& selector);

}  // namespace patchbay::device
