#include "lease.h"

#include "base/error.h"
#include "base/owner.h"
#include "cni/environment.h"

namespace patchbay::hostlocal {

namespace {

constexpr std::string_view kLineBreak = "\r\n";  // on every platform: disk/backend.go, LineBreak

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::string Holder::str() const {
  return quote(container_id) + (ifname.empty() ? "" : " (" + ifname + ")");
}

std::uint64_t Holder::hash() const {
  return stable_hash(container_id + "\n" + ifname);
}

std::string lease_text(const Holder& holder) {
  return holder.container_id + std::string{kLineBreak} + holder.ifname;
}

std::optional<Holder> parse_lease(std::string_view text) {
  const auto line_end = text.find('\n');
  const auto id = trimmed(text.substr(0, line_end));
  if (!cni::is_identifier(id)) {
    return std::nullopt;
  }
  const bool has_more = line_end != std::string_view::npos;
  const auto ifname = has_more ? trimmed(text.substr(line_end + 1)) : std::string_view{};
  return Holder{std::string{id}, std::string{ifname}};
}

}  // namespace patchbay::hostlocal
