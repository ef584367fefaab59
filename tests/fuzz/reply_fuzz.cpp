// Any bytes as ovsdb-server's answer to a transaction: Error is the worst that may come of it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "ovsdb/reply.h"

namespace patchbay::ovsdb {
namespace {

template <typename Use>
void attempt(const Use& use) {
  try {
    use();
  } catch (const Error&) {
    return;
  }
}

/// Every column as every type.
void use(const Row& row) {
  constexpr std::array<const char*, 10> kColumns{
      "_uuid",
      "name",
      "tag",
      "trunks",
      "protected",
      "external_ids",
      "interfaces",
      "ofport",
      "error",
      "link_state"};
  attempt([&] { (void)row.uuid(); });
  for (const char* column : kColumns) {
    attempt([&] { (void)row.text(column); });
    attempt([&] { (void)row.number(column); });
    attempt([&] { (void)row.flag(column); });
    attempt([&] { (void)row.map(column); });
    attempt([&] { (void)row.rows(column); });
  }
}

void use(const Reply& reply, std::size_t operations) {
  if (reply.refusal()) {
    attempt([&] { reply.refusal()->raise("test"); });
    return;
  }
  for (std::size_t i = 0; i < operations; ++i) {
    attempt([&] { (void)reply.count(i); });
    attempt([&] { (void)reply.inserted(i); });
    attempt([&] {
      for (const auto& row : reply.rows(i)) {
        use(row);
      }
    });
  }
}

}  // namespace
}  // namespace patchbay::ovsdb

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay::ovsdb;
  constexpr std::size_t kMostOperations = 5;
  const std::string text{reinterpret_cast<const char*>(data), size};
  for (std::size_t operations = 0; operations <= kMostOperations; ++operations) {
    attempt([&] { use(Reply::parse(text, operations), operations); });
  }
  return 0;
}
