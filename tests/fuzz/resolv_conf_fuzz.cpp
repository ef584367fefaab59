// Any bytes as the file that ipam.resolvConf names: Error is the worst that may come of it, and a
// result can carry what is accepted.

#include <algorithm>
#include <string>
#include <vector>

#include <sys/mman.h>

#include "base/file.h"
#include "base/unique_fd.h"
#include "cni/result.h"
#include "fuzz/input.h"
#include "host-local/resolv_conf.h"

namespace patchbay::hostlocal {
namespace {

void require_printable(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    fuzz::require(
        !word.empty() &&
            std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c <= '~'; }),
        "DNS data are printable words");
  }
}

void use(std::string_view bytes) {
  const UniqueFd file{::memfd_create("resolv.conf", MFD_CLOEXEC)};
  write_all(file.get(), bytes, "write resolv.conf");
  const cni::Dns dns = read_resolv_conf("/proc/self/fd/" + std::to_string(file.get()));
  require_printable(dns.nameservers);
  require_printable(dns.search);
  require_printable(dns.options);
  if (!dns.domain.empty()) {
    require_printable({dns.domain});
  }
  (void)cni::print({.interfaces = {}, .ips = {}, .routes = {}, .dns = dns}, cni::Version::newest());
}

}  // namespace
}  // namespace patchbay::hostlocal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  fuzz::attempt([&] { hostlocal::use({reinterpret_cast<const char*>(data), size}); });
  return 0;
}
