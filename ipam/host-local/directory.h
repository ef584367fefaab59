#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/unique_fd.h"
#include "lease_file.h"

namespace patchbay::hostlocal {

/// By which a directory is known not to have been changed; see Directory::stamp().
struct Identity {
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;

  friend bool operator==(const Identity&, const Identity&) = default;
};

/// The directory of one network, laid out as the reference plugin's: a file per leased address,
/// named by the address and holding its holder, `last_reserved_ip.<set>`, and `lock`. Everything is
/// relative to the directory's descriptor, and no name in it comes from outside.
///
/// Nothing is synced to disk, on purpose: a lease is worth nothing once the machine has gone down,
/// for no network namespace survives that.
class Directory {
 public:
  /// Nullopt when there is no such directory. Throws SystemError.
  static std::optional<Directory> find(const std::string& path);
  /// Makes it when it is not there. Throws SystemError.
  static Directory ensure(const std::string& path);

  /// Keeps every other process out, the reference plugin included, until this object is gone. To
  /// be called before anything below. Throws Error{try_again_later} when the lock is not free
  /// within `timeout_s` seconds, and SystemError.
  void lock(std::uint32_t timeout_s);

  [[nodiscard]] Lease read(const IpAddr& address) const;
  /// Creates a lease, whole or not at all; false when the name is taken. Throws SystemError.
  bool create(const IpAddr& address, const Holder& holder);
  /// Puts a lease where a worthless file is. Throws SystemError.
  void replace(const IpAddr& address, const Holder& holder);
  /// False when it is already gone. Throws SystemError.
  bool remove(const IpAddr& address);
  /// Calls `visit` for every address there is a name for. Drafts that a killed process has left are
  /// removed. Throws SystemError.
  void for_each(const std::function<void(const IpAddr&, Lease)>& visit);

  /// The address leased last out of the set with this number; nullopt when unknown.
  [[nodiscard]] std::optional<IpAddr> last_reserved(std::size_t set) const;
  void set_last_reserved(std::size_t set, const IpAddr& address);

  /// All zeros when it cannot be known.
  [[nodiscard]] Identity identity() const;
  /// Sets the modification time to one in the past that no change can bring about, so that any
  /// change by anybody is seen by identity(), even one within the same tick of the kernel's clock.
  /// `generation` is one more than at the stamp before. Nullopt when the time cannot be set: then
  /// nothing tells whether the directory was changed.
  std::optional<Identity> stamp(std::uint64_t generation);
  /// On a file system that other machines may share, whose leases are not ours to judge.
  [[nodiscard]] bool is_shared() const;
  /// Opens the index file, making it if need be; empty when that is not possible.
  [[nodiscard]] UniqueFd open_index() const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// "<attempt> '<path>/<name>'", for an error.
  [[nodiscard]] std::string describe(std::string_view attempt, const std::string& name) const;

 private:
  Directory(std::string path, UniqueFd fd) : path_{std::move(path)}, fd_{std::move(fd)} {}

  std::string path_;
  UniqueFd fd_;
  UniqueFd lock_;
};

}  // namespace patchbay::hostlocal
