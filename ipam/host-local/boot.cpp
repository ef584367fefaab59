#include "boot.h"

#include <algorithm>

#include <sys/stat.h>

#include "base/file.h"

namespace patchbay::hostlocal {

Boot running_boot() {
  Boot boot{.id = boot_id(), .began = boot_time(), .began_at_earliest = boot_time()};
  struct stat status {};
  // The kernel makes /dev/null while it starts, and writing to it leaves its date alone.
  if (::stat("/dev/null", &status) == 0) {
    boot.began_at_earliest =
        std::min(boot.began_at_earliest, static_cast<double>(status.st_mtim.tv_sec));
  }
  return boot;
}

}  // namespace patchbay::hostlocal
