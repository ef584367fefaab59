#include "proof/faults.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/unique_fd.h"

namespace patchbay::test {

namespace {

/// By which the C library starts a static program, before main().
bool is_of_start(long call) {
  static const std::set<long> calls{
      SYS_arch_prctl,
      SYS_brk,
      SYS_execve,
      SYS_getrandom,
      SYS_mmap,
      SYS_mprotect,
      SYS_munmap,
      SYS_prlimit64,
      SYS_readlink,
      SYS_rseq,
      SYS_set_robust_list,
      SYS_set_tid_address};
  return calls.count(call) != 0;
}

/// Of fcntl(), only what needs memory or waits can fail.
bool can_fail(const SystemCall& call) {
  static const std::set<std::uint64_t> commands{
      F_DUPFD, F_DUPFD_CLOEXEC, F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW};
  return call.number != SYS_fcntl || commands.count(call.arguments[1]) != 0;
}

/// The kernel is asked about a copy of the other process's descriptor.
bool is_netlink(pid_t process, int fd) {
  const UniqueFd other{static_cast<int>(::syscall(SYS_pidfd_open, process, 0))};
  const UniqueFd copy{static_cast<int>(::syscall(SYS_pidfd_getfd, other.get(), fd, 0))};
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(copy.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
         domain == AF_NETLINK;
}

iovec local(void* bytes, std::size_t size) {
  return {bytes, size};
}

std::vector<char> read_memory(pid_t process, std::uint64_t address, std::size_t size) {
  std::vector<char> bytes(size);
  const iovec here = local(bytes.data(), size);
  const iovec there{reinterpret_cast<void*>(address), size};
  const auto got = ::process_vm_readv(process, &here, 1, &there, 1, 0);
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return bytes;
}

void write_memory(pid_t process, std::uint64_t address, std::vector<char>& bytes) {
  const iovec here = local(bytes.data(), bytes.size());
  const iovec there{reinterpret_cast<void*>(address), bytes.size()};
  (void)::process_vm_writev(process, &here, 1, &there, 1, 0);
}

/// Marks every message of a dump as interrupted; false when there is none.
bool mark_interrupted(std::vector<char>& bytes) {
  bool marked = false;
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= bytes.size();) {
    nlmsghdr header{};
    std::memcpy(&header, bytes.data() + at, sizeof header);
    if ((header.nlmsg_flags & NLM_F_MULTI) != 0) {
      header.nlmsg_flags |= NLM_F_DUMP_INTR;
      std::memcpy(bytes.data() + at, &header, sizeof header);
      marked = true;
    }
    at += std::max<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), sizeof header);
  }
  return marked;
}

const Fault& reception() {
  static const Fault fault{SYS_recvfrom, "recvfrom", {}};
  return fault;
}

}  // namespace

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all{
      {SYS_accept4, "accept4", {ENOMEM}},
      {SYS_access, "access", {ENOMEM, EIO}},
      {SYS_bind, "bind", {ENOMEM}},
      {SYS_bpf, "bpf", {ENOMEM, EBUSY}},
      {SYS_brk, "brk", {ENOMEM}},
      {SYS_chmod, "chmod", {EIO, ENOSPC}},
      {SYS_clone, "clone", {EAGAIN, ENOMEM}},
      {SYS_clone3, "clone3", {EAGAIN, ENOMEM}},
      {SYS_close, "close", {EIO, EINTR}, true},
      {SYS_connect, "connect", {EAGAIN, EINTR}},
      {SYS_dup2, "dup2", {EBUSY, EINTR}},
      {SYS_execve, "execve", {ENOMEM, EIO}},
      {SYS_fcntl, "fcntl", {EINTR, ENOMEM}},
      {SYS_flock, "flock", {EINTR, ENOMEM}},
      {SYS_fork, "fork", {EAGAIN, ENOMEM}},
      {SYS_fsconfig, "fsconfig", {ENOMEM, EPERM}},
      {SYS_fsmount, "fsmount", {ENOMEM, EPERM}},
      {SYS_fsopen, "fsopen", {ENOMEM, EPERM}},
      {SYS_fstatfs, "fstatfs", {EIO}},
      {SYS_ftruncate, "ftruncate", {EIO, ENOSPC}},
      {SYS_getdents64, "getdents64", {EIO, ENOMEM}},
      {SYS_getrandom, "getrandom", {EINTR, EAGAIN}},
      {SYS_getsockname, "getsockname", {ENOBUFS}},
      {SYS_getsockopt, "getsockopt", {ENOMEM}},
      {SYS_ioctl, "ioctl", {ENOMEM}},
      {SYS_linkat, "linkat", {ENOSPC, EIO}},
      {SYS_lstat, "lstat", {ENOMEM, EIO}},
      {SYS_mkdir, "mkdir", {ENOSPC, EIO}},
      {SYS_mmap, "mmap", {ENOMEM}},
      {SYS_mprotect, "mprotect", {ENOMEM}},
      {SYS_newfstatat, "newfstatat", {ENOMEM, EIO}},
      {SYS_open, "open", {ENOMEM, EIO, ENOSPC}},
      {SYS_openat, "openat", {ENOMEM, EIO, ENOSPC}},
      {SYS_pidfd_open, "pidfd_open", {ENOMEM}},
      {SYS_pipe2, "pipe2", {ENOMEM}},
      {SYS_poll, "poll", {EINTR, ENOMEM}},
      {SYS_prctl, "prctl", {EBUSY}},
      {SYS_pread64, "pread64", {EIO, EINTR}},
      {SYS_pwrite64, "pwrite64", {EIO, ENOSPC}},
      {SYS_read, "read", {EIO, EINTR}},
      {SYS_readlink, "readlink", {ENOMEM, EIO}},
      {SYS_recvfrom, "recvfrom", {ENOBUFS, ENOMEM, EINTR}},
      {SYS_recvmsg, "recvmsg", {ENOBUFS, ENOMEM, EINTR}},
      {SYS_rename, "rename", {ENOSPC, EIO, EBUSY}},
      {SYS_renameat, "renameat", {ENOSPC, EIO, EBUSY}},
      {SYS_renameat2, "renameat2", {ENOSPC, EIO, EBUSY}},
      {SYS_sendmsg, "sendmsg", {ENOBUFS, ENOMEM, EINTR}},
      {SYS_sendto, "sendto", {ENOBUFS, ENOMEM, EINTR}},
      {SYS_setitimer, "setitimer", {ENOMEM}},
      {SYS_setns, "setns", {ENOMEM}},
      {SYS_setsockopt, "setsockopt", {ENOMEM, ENOBUFS}},
      {SYS_socket, "socket", {ENOMEM, ENOBUFS}},
      {SYS_stat, "stat", {ENOMEM, EIO}},
      {SYS_statfs, "statfs", {EIO}},
      {SYS_unlink, "unlink", {EBUSY, EIO}},
      {SYS_unlinkat, "unlinkat", {EBUSY, EIO}},
      {SYS_utimensat, "utimensat", {EIO}},
      {SYS_vfork, "vfork", {EAGAIN, ENOMEM}},
      {SYS_wait4, "wait4", {EINTR}},
      {SYS_write, "write", {EIO, ENOSPC, EINTR}},
      {SYS_writev, "writev", {EIO, ENOSPC}}};
  return all;
}

std::string Experiment::describe() const {
  constexpr std::array<const char*, 4> kTamperings{
      "", "says that the dump was interrupted", "is cut short", "is cut within the header"};
  return std::string{fault->name} + " number " + std::to_string(number) + " " +
         (error != 0 ? std::string{"fails: "} + std::strerror(error)
                     : kTamperings.at(static_cast<std::size_t>(tampering)));
}

Verdict Injector::operator()(const SystemCall& call) {
  if (!is_of_start(call.number)) {
    begun_.insert(call.process);
  }
  if (hit_ || call.number != experiment_.fault->call || !can_fail(call)) {
    return {};
  }
  if (experiment_.tampering != Tampering::none) {
    return {
        .kind = Verdict::Kind::spoil, .spoil = [this](const SystemCall& made, std::int64_t result) {
          return hit_ ? result : tamper(made, result);
        }};
  }
  if (++seen_ != experiment_.number) {
    return {};
  }
  hit_ = true;
  hit_start_ = begun_.count(call.process) == 0;
  hit_answer_ = call.of_plugin && call.number == SYS_write && call.arguments[0] == STDOUT_FILENO;
  if (!experiment_.fault->made) {
    return {.kind = Verdict::Kind::refuse, .error = experiment_.error};
  }
  return {
      .kind = Verdict::Kind::spoil,
      .spoil = [this](const SystemCall&, std::int64_t) -> std::int64_t {
        return -experiment_.error;
      }};
}

std::int64_t Injector::tamper(const SystemCall& call, std::int64_t result) {
  if (result <= 0 || !is_netlink(call.process, static_cast<int>(call.arguments[0]))) {
    return result;
  }
  auto bytes = read_memory(call.process, call.arguments[1], static_cast<std::size_t>(result));
  const bool interrupts = experiment_.tampering == Tampering::interrupted;
  if ((interrupts && !mark_interrupted(bytes)) || ++seen_ != experiment_.number) {
    return result;
  }
  hit_ = true;
  if (interrupts) {
    write_memory(call.process, call.arguments[1], bytes);
    return result;
  }
  constexpr std::int64_t kMissing = 4;
  return experiment_.tampering == Tampering::cut_short
             ? result - kMissing
             : static_cast<std::int64_t>(sizeof(nlmsghdr) / 2);
}

std::vector<Experiment> Counter::experiments() const {
  std::vector<Experiment> all;
  for (const Fault& fault : faults()) {
    const auto found = calls_.find(fault.call);
    const unsigned calls = found == calls_.end() ? 0 : found->second;
    for (const int error : fault.errors) {
      for (unsigned number = 1; number <= calls; ++number) {
        all.push_back({&fault, error, Tampering::none, number});
      }
    }
  }
  return all;
}

std::vector<Experiment> Counter::tamperings() const {
  std::vector<Experiment> all;
  const auto found = calls_.find(SYS_recvfrom);
  const unsigned calls = found == calls_.end() ? 0 : found->second;
  for (const auto tampering : {Tampering::interrupted, Tampering::cut_short, Tampering::beheaded}) {
    for (unsigned number = 1; number <= calls; ++number) {
      all.push_back({&reception(), 0, tampering, number});
    }
  }
  return all;
}

}  // namespace patchbay::test
