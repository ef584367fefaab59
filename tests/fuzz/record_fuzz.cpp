// Any bytes as host-device's record of a device that is lent: Error is the worst that may come of
// it, and what is read is the same when it has been written again.

#include <string>

#include "device/record.h"
#include "fuzz/input.h"

namespace patchbay::device {
namespace {

using fuzz::require;

void use(std::string_view text) {
  const Record record = parse_record("net:c1:eth0", text);
  const std::string printed = print(record);
  require(
      print(parse_record(record.label, printed)) == printed,
      "a record that is written again is the same");
  require(
      name_in_mark(record.mark(), record.label) == record.was.name.str(),
      "the mark says what the device was called");
  (void)record.holder();
}

}  // namespace
}  // namespace patchbay::device

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  fuzz::attempt([&] { device::use(text); });
  fuzz::attempt([&] { (void)device::name_in_mark(text, "net:c1:eth0"); });
  return 0;
}
