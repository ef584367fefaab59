#include "leases.h"

#include <cerrno>
#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace patchbay::bench {

void write_lease(const std::string& directory, unsigned label, unsigned number) {
  const unsigned host = 0xfffeU - number;
  const std::string address = "10." + std::to_string(label) + "." + std::to_string(host >> 8U) +
                              "." + std::to_string(host & 0xffU);
  const std::string path = directory + "/" + address;
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  if (!file) {
    throw SystemError{errno, "create " + quote(path)};
  }
  write_all(file.get(), "lease-" + std::to_string(number) + "\r\neth0", "write " + quote(path));
}

}  // namespace patchbay::bench
