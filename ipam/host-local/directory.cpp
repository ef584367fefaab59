#include "directory.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/state.h"

namespace patchbay::hostlocal {

namespace {

constexpr const char* kIndex = ".patchbay-index";

std::string last_reserved_name(std::size_t set) {
  return "last_reserved_ip." + std::to_string(set);
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The address that `name` is the canonical text of.
std::optional<IpAddr> address_named(const char* name) {
  const auto address = IpAddr::find(name);
  return address && address->str() == name ? address : std::nullopt;
}

}  // namespace

std::optional<Directory> Directory::find(const std::string& path) {
  UniqueFd fd = state::find_directory(path);
  if (!fd) {
    return std::nullopt;
  }
  return Directory{path, std::move(fd)};
}

Directory Directory::ensure(const std::string& path) {
  constexpr mode_t kMode = 0755;  // the reference plugin's: who holds which address is no secret
  return {path, state::ensure_directory(path, kMode)};
}

std::string Directory::describe(std::string_view attempt, const std::string& name) const {
  return std::string{attempt} + " " + quote(path_ + "/" + name);
}

void Directory::lock(std::uint32_t timeout_s) {
  lock_ = state::open_file(fd_.get(), "lock", O_RDONLY | O_CREAT);
  if (!lock_) {
    throw SystemError{errno, describe("open", "lock")};
  }
  if (!lock_exclusively(lock_.get(), timeout_s, describe("lock", "lock"))) {
    throw Error{
        ErrorCode::try_again_later,
        describe("lock", "lock") + ": held by another process for more than " +
            std::to_string(timeout_s) + " s (ipam.lockTimeout)"};
  }
}

Lease Directory::read(const IpAddr& address) const {
  return read_lease(fd_.get(), address.str());
}

bool Directory::create(const IpAddr& address, const Holder& holder) {
  const std::string name = address.str();
  const int error = create_lease(fd_.get(), name, holder);
  if (error != 0 && error != EEXIST) {
    throw SystemError{error, describe("create lease", name)};
  }
  return error == 0;
}

void Directory::replace(const IpAddr& address, const Holder& holder) {
  const std::string name = address.str();
  if (const int error = replace_lease(fd_.get(), name, holder)) {
    throw SystemError{error, describe("replace lease", name)};
  }
}

bool Directory::remove(const IpAddr& address) {
  const std::string name = address.str();
  if (::unlinkat(fd_.get(), name.c_str(), 0) == 0) {
    return true;
  }
  if (errno != ENOENT) {
    throw SystemError{errno, describe("remove lease", name)};
  }
  return false;
}

void Directory::for_each(const std::function<void(const IpAddr&, Lease)>& visit) {
  remove_draft(fd_.get());
  const bool complete = state::for_each_name(fd_.get(), [&](const char* name) {
    if (const auto address = address_named(name)) {
      visit(*address, read_lease(fd_.get(), name));
    }
  });
  if (!complete) {
    throw SystemError{errno, "list directory " + quote(path_)};
  }
}

std::optional<IpAddr> Directory::last_reserved(std::size_t set) const {
  const UniqueFd fd = state::open_file(fd_.get(), last_reserved_name(set), O_RDONLY);
  std::array<char, 64> bytes{};
  const auto got = fd ? ::read(fd.get(), bytes.data(), bytes.size()) : 0;
  std::string_view text{bytes.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return IpAddr::find(text);
}

/// In place: a torn one only makes the next round begin elsewhere. Not by O_TRUNC, because ext4
/// begins to write a file to disk that was emptied and written again.
void Directory::set_last_reserved(std::size_t set, const IpAddr& address) {
  const std::string name = last_reserved_name(set);
  const std::string text = address.str();
  const UniqueFd fd = state::open_file(fd_.get(), name, O_WRONLY | O_CREAT);
  if (!fd) {
    throw SystemError{errno, describe("open", name)};
  }
  const auto length = static_cast<off_t>(text.size());
  if (::lseek(fd.get(), 0, SEEK_END) > length && ::ftruncate(fd.get(), length) != 0) {
    throw SystemError{errno, describe("shorten", name)};
  }
  if (::pwrite(fd.get(), text.data(), text.size(), 0) != length) {
    throw SystemError{errno, describe("write", name)};
  }
}

Identity Directory::identity() const {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) {
    return {};
  }
  return {nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

std::optional<Identity> Directory::stamp(std::uint64_t generation) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  // Even and odd seconds by turns, for file systems that keep whole seconds only.
  const time_t past = ((now.tv_sec - 4) & ~time_t{1}) | static_cast<time_t>(generation & 1);
  const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, timespec{past, now.tv_nsec}};
  if (::futimens(fd_.get(), times.data()) != 0) {
    return std::nullopt;
  }
  return identity();
}

bool Directory::is_shared() const {
  // linux/magic.h knows some of them only
  constexpr std::array<std::uint32_t, 11> kShared{
      NFS_SUPER_MAGIC,
      SMB_SUPER_MAGIC,
      0xff534d42,  // CIFS
      0xfe534d42,  // SMB 2 and 3
      0x00c36400,  // Ceph
      0x65735546,  // FUSE: GlusterFS and others
      0x01021997,  // 9P
      0x01161970,  // GFS2
      0x7461636f,  // OCFS2
      0x0bd00bd0,  // Lustre
      AFS_SUPER_MAGIC};
  struct statfs status {};
  if (::fstatfs(fd_.get(), &status) != 0) {
    return true;
  }
  for (const auto magic : kShared) {
    if (static_cast<std::uint32_t>(status.f_type) == magic) {
      return true;
    }
  }
  return false;
}

UniqueFd Directory::open_index() const {
  return state::open_file(fd_.get(), kIndex, O_RDWR | O_CREAT);
}

}  // namespace patchbay::hostlocal
