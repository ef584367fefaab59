#include "device/store.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/state.h"

namespace patchbay::device {

namespace {

constexpr const char* kDirectory = "/run/patchbay/devices";
constexpr std::uint32_t kPatienceInSeconds = 10;
constexpr std::size_t kRecordLimit = std::size_t{1} << 20;

std::string path_of(const std::string& label) {
  return std::string{kDirectory} + "/" + label;
}

/// A file without a name until it is whole; a kill leaves nothing of it.
UniqueFd write_unnamed(int directory, const std::string& text, const std::string& what) {
  UniqueFd file{::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)};
  if (!file) {
    throw SystemError{errno, what};
  }
  write_all(file.get(), text, what);
  return file;
}

}  // namespace

Store Store::ensure() {
  return Store{state::ensure_directory(kDirectory, 0700)};
}

Store Store::open() {
  return Store{state::find_directory(kDirectory)};
}

void Store::lock() {
  if (lock_ || !directory_) {
    return;
  }
  const std::string what = "lock directory " + quote(kDirectory);
  UniqueFd lock{::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!lock) {
    throw SystemError{errno, what};
  }
  if (!lock_exclusively(lock.get(), kPatienceInSeconds, what)) {
    throw Error{
        ErrorCode::try_again_later,
        what + ": held by another process for more than " + std::to_string(kPatienceInSeconds) +
            " s"};
  }
  lock_ = std::move(lock);
}

std::optional<Record> Store::find(const std::string& label) const {
  const UniqueFd file =
      directory_ ? state::open_file(directory_.get(), label, O_RDONLY) : UniqueFd{};
  const std::string what = "read " + quote(path_of(label));
  if (directory_ && !file && errno != ENOENT) {
    throw SystemError{errno, what};
  }
  if (!file) {
    return std::nullopt;
  }
  const auto text = read_all(file.get(), kRecordLimit, what);
  try {
    return parse_record(label, text.value_or(""));
  } catch (const Error& e) {  // somebody has written into it
    log::warn(what + ": " + e.what() + ", continuing without this record");
    return std::nullopt;
  }
}

std::vector<std::string> Store::list() const {
  std::vector<std::string> labels;
  const auto note = [&](const char* name) { labels.emplace_back(name); };
  if (directory_ && !state::for_each_name(directory_.get(), note)) {
    throw SystemError{errno, "list directory " + quote(kDirectory)};
  }
  return labels;
}

void Store::create(const Record& record) {
  const std::string what = "create " + quote(path_of(record.label));
  const UniqueFd file = write_unnamed(directory_.get(), print(record), what);
  const std::string unnamed = "/proc/self/fd/" + std::to_string(file.get());
  if (::linkat(
          AT_FDCWD, unnamed.c_str(), directory_.get(), record.label.c_str(), AT_SYMLINK_FOLLOW) !=
      0) {
    throw SystemError{errno, what};
  }
}

bool Store::remove(const std::string& label) {
  const bool removed = directory_ && ::unlinkat(directory_.get(), label.c_str(), 0) == 0;
  if (!removed && directory_ && errno != ENOENT) {
    throw SystemError{errno, "remove " + quote(path_of(label))};
  }
  return removed;
}

}  // namespace patchbay::device
