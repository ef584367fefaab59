#include "patchbay/lock.h"

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <limits>

#include "base/error.h"
#include "patchbay/plugin_call.h"

namespace patchbay::runner {

namespace {

using Clock = std::chrono::steady_clock;

constexpr timespec kPause{0, 5'000'000};
constexpr off_t kNetwork = 0;  // one byte stands for the network, all others for attachments

/// The byte that stands for an attachment. Two that share one wait for each other, no more.
off_t byte_of(const Owner& owner) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max() - 1);
  return static_cast<off_t>(1 + stable_hash(owner.label()) % kMost);
}

/// Locks one byte, for reading or for writing. Such locks belong to the open file, so a process
/// that is forked or another part of this one is no exception.
void lock_byte(const UniqueFd& file, short type, off_t byte, Clock::time_point deadline) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = byte;
  range.l_len = 1;
  while (::fcntl(file.get(), F_OFD_SETLK, &range) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      throw SystemError{errno, "lock the network"};
    }
    require_uninterrupted();
    if (Clock::now() >= deadline) {
      throw Error{
          ErrorCode::try_again_later,
          "another process is working on this network or attachment, and has not ended in time"};
    }
    (void)::nanosleep(&kPause, nullptr);
  }
}

/// For plugins to inherit.
UniqueFd open_lock(const Cache& cache, const std::string& network) {
  UniqueFd file = cache.ensure_own_file(network + ".lock");
  (void)::fcntl(file.get(), F_SETFD, 0);
  return file;
}

}  // namespace

/// Not by closing alone: a daemon that a plugin has started may hold the file open for ever.
Lock::~Lock() {
  struct flock everything {};
  everything.l_type = F_UNLCK;
  everything.l_whence = SEEK_SET;
  (void)::fcntl(file_.get(), F_OFD_SETLK, &everything);  // of a moved lock: EBADF
}

Lock Lock::on_attachment(
    const Cache& cache, const Owner& owner, std::chrono::milliseconds timeout) {
  UniqueFd file = open_lock(cache, owner.network);
  const auto deadline = Clock::now() + timeout;
  lock_byte(file, F_RDLCK, kNetwork, deadline);
  lock_byte(file, F_WRLCK, byte_of(owner), deadline);
  return Lock{std::move(file)};
}

Lock Lock::on_network(
    const Cache& cache, const std::string& network, std::chrono::milliseconds timeout) {
  UniqueFd file = open_lock(cache, network);
  lock_byte(file, F_WRLCK, kNetwork, Clock::now() + timeout);
  return Lock{std::move(file)};
}

}  // namespace patchbay::runner
