#include "netlink/attribute.h"

#include <string_view>

namespace patchbay::nl {

std::string text_in(const nlattr* attribute) {
  if (attribute == nullptr || ::nla_len(attribute) <= 0) {
    return {};
  }
  const std::string_view bytes{
      static_cast<const char*>(::nla_data(attribute)),
      static_cast<std::size_t>(::nla_len(attribute))};
  return std::string{bytes.substr(0, bytes.find('\0'))};
}

}  // namespace patchbay::nl
