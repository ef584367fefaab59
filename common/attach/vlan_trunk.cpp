#include "attach/vlan_trunk.h"

#include <optional>
#include <string>

#include "base/error.h"

namespace patchbay::attach {

void declare_trunk_entry(
    cni::Keys& keys,
    cni::Bounds ids,
    const std::function<void(std::uint16_t, std::uint16_t)>& take) {
  std::optional<std::uint32_t> first;
  std::optional<std::uint32_t> last;
  std::optional<std::uint32_t> only;
  keys.number("minID", first, ids, "first id of a range");
  keys.number("maxID", last, ids, "last id of a range");
  keys.number("id", only, ids, "a single id");
  if (first.has_value() != last.has_value()) {
    throw Error{
        ErrorCode::invalid_config, keys.path_of("minID") + ": minID and maxID must come together"};
  }
  if (first && *first > *last) {
    throw Error{
        ErrorCode::invalid_config,
        keys.path_of("minID") + ": " + std::to_string(*first) + " must not be above maxID " +
            std::to_string(*last)};
  }
  if (first) {
    take(static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last));
  }
  if (only) {
    take(static_cast<std::uint16_t>(*only), static_cast<std::uint16_t>(*only));
  }
}

}  // namespace patchbay::attach
