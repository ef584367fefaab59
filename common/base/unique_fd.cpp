#include "base/unique_fd.h"

#include <unistd.h>

namespace patchbay {

UniqueFd::~UniqueFd() {
  reset();
}

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) {
    (void)::close(std::exchange(fd_, -1));
  }
}

}  // namespace patchbay
