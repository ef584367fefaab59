// A program for the tracer's own test: a thread makes a system call that nothing else makes, and
// its outcome is printed.
#include <cerrno>
#include <cstdio>
#include <thread>
#include <unistd.h>

int main() {
  int outcome = 0;
  std::thread other{[&] { outcome = ::acct(nullptr) == 0 ? 0 : errno; }};
  other.join();
  (void)std::printf("%d\n", outcome);
  return 0;
}
