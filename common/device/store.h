#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "device/record.h"

namespace patchbay::device {

/// The records of the devices that are in containers: one file each in /run/patchbay/devices,
/// called after the attachment. It is on the host's /run because no device survives a reboot in a
/// container. Files appear at once and are never changed.
class Store {
 public:
  /// With the directory, which is made when it is missing. Throws SystemError.
  static Store ensure();
  /// As it is: without the directory there are no records.
  static Store open();

  /// Only who holds the lock writes, or moves a device; so a record whose device is on the host is
  /// that of a command that was killed. Nothing when it is held by this object already. Throws
  /// Error{try_again_later} when somebody else has held it for 10 seconds.
  void lock();
  void unlock() noexcept { lock_.reset(); }

  /// Nullopt when there is none, or none that can be understood, which is logged.
  [[nodiscard]] std::optional<Record> find(const std::string& label) const;
  /// The labels of all records.
  [[nodiscard]] std::vector<std::string> list() const;
  /// Throws SystemError{EEXIST} when the attachment has a record.
  void create(const Record& record);
  /// False when there was none.
  bool remove(const std::string& label);

 private:
  explicit Store(UniqueFd directory) : directory_{std::move(directory)} {}

  UniqueFd directory_;
  UniqueFd lock_;
};

}  // namespace patchbay::device
