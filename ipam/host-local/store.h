#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/ip.h"
#include "boot.h"
#include "directory.h"
#include "index.h"
#include "range.h"

namespace patchbay::hostlocal {

/// The leases of one network, locked for as long as this object lives.
///
/// The lease files are the truth, and a lease is taken by creating its file and by nothing else.
/// The index only says where to look: it is made anew from the files whenever the directory is not
/// as we left it, and whenever it turns out to be wrong.
class Store {
 public:
  /// Locks the directory. Leases of an earlier boot are freed: no namespace of that time exists any
  /// more. Throws Error{try_again_later} and SystemError.
  Store(Directory directory, std::uint32_t lock_timeout_s, const Boot& boot);
  /// Saves the index; when that fails, the next command makes it anew.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  Store(Store&&) = delete;
  Store& operator=(Store&&) = delete;

  /// The addresses leased to exactly this holder.
  std::vector<IpAddr> find(const Holder& holder);

  struct Held {
    Holder holder;
    std::vector<IpAddr> addresses;
  };
  /// The same; when there are none, those that a plugin of old leased to the container without
  /// noting the interface. With whom they are leased to.
  Held find_all(const Holder& holder);
  [[nodiscard]] Lease read(const IpAddr& address) const { return directory_.read(address); }
  /// The first address of the spans that is free; nullopt when none is.
  std::optional<IpAddr> find_free(const std::vector<Span>& walk);

  /// Leases the first free address of the spans; nullopt when none is free. Throws SystemError.
  std::optional<IpAddr> allocate(const std::vector<Span>& walk, const Holder& holder);
  /// Leases this address; false when it is taken. Throws SystemError.
  bool reserve(const IpAddr& address, const Holder& holder);
  /// Frees an address that find() has found, or that was just leased. Throws SystemError.
  void release(const IpAddr& address, const Holder& holder);
  /// Throws SystemError when there are leases that could not be read, and that may be anybody's.
  void require_readable() const;
  /// Frees every lease that `keep` does not want to keep. Frees as many as it can, and then throws
  /// one Error that names the rest.
  void collect(const std::function<bool(const Holder&)>& keep);

  [[nodiscard]] std::optional<IpAddr> last_reserved(std::size_t set) const {
    return directory_.last_reserved(set);
  }
  void set_last_reserved(std::size_t set, const IpAddr& address) {
    directory_.set_last_reserved(set, address);
  }

 private:
  struct Found {
    std::vector<IpAddr> addresses;
    bool sound;  // everything that the index said was so
  };
  using Verdict = std::function<bool(const IpAddr&, const Lease&)>;

  [[nodiscard]] double oldest_live_lease(const Boot& boot) const;
  void reclaim(const IpAddr& address, const Holder& holder);
  Found look_up(const Holder& holder);
  std::optional<IpAddr> first_free(const std::vector<Span>& walk);
  bool heal();
  void rebuild(const Verdict& remove);

  Directory directory_;
  Index index_;
  std::uint64_t boot_hash_;
  bool rebuilt_ = false;
  std::optional<Error> unreadable_;  ///< The last failure to read a lease.
};

}  // namespace patchbay::hostlocal
