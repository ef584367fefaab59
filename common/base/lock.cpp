#include "base/lock.h"

#include <cerrno>
#include <csignal>
#include <ctime>

#include <sys/file.h>
#include <sys/time.h>

#include "base/error.h"

namespace patchbay {

namespace {

/// flock() has no timeout: a timer's signal interrupts it.
class Alarm {
 public:
  explicit Alarm(std::uint32_t seconds) {
    struct sigaction action {};
    action.sa_handler = [](int) {};  // without SA_RESTART, so that flock returns EINTR
    ::sigaction(SIGALRM, &action, &action_before_);
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    ::sigprocmask(SIG_UNBLOCK, &alarm, &mask_before_);
    // Repeated, because the first signal may come just before flock() begins to wait.
    const itimerval timer{{0, 50'000}, {static_cast<time_t>(seconds), 0}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
  }
  ~Alarm() {
    const itimerval none{};
    ::setitimer(ITIMER_REAL, &none, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    ::sigaction(SIGALRM, &action_before_, nullptr);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  Alarm(Alarm&&) = delete;
  Alarm& operator=(Alarm&&) = delete;

 private:
  struct sigaction action_before_ {};
  sigset_t mask_before_{};
};

timespec monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now;
}

bool is_past(const timespec& deadline) {
  const timespec now = monotonic_now();
  return now.tv_sec > deadline.tv_sec ||
         (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

/// False when it is interrupted or, with LOCK_NB, when somebody else holds the lock.
bool try_lock(int fd, int operation, std::string_view what) {
  if (::flock(fd, operation) == 0) {
    return true;
  }
  if (errno != EINTR && errno != EWOULDBLOCK) {
    throw SystemError{errno, what};
  }
  return false;
}

}  // namespace

bool lock_exclusively(int fd, std::uint32_t timeout_s, std::string_view what) {
  if (try_lock(fd, LOCK_EX | LOCK_NB, what)) {
    return true;
  }
  if (timeout_s == 0) {
    return false;
  }
  timespec deadline = monotonic_now();
  deadline.tv_sec += static_cast<time_t>(timeout_s);
  const Alarm alarm{timeout_s};
  while (!try_lock(fd, LOCK_EX, what)) {
    if (is_past(deadline)) {
      return false;
    }
  }
  return true;
}

}  // namespace patchbay
