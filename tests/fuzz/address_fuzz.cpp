// Any bytes as an address, a prefix (CIDR), a span of addresses, a MAC address or an interface's
// name: Error is the worst that may come of it, and what is accepted is printed so that it is read
// as the same again.

#include <string>

#include "base/ip.h"
#include "base/types.h"
#include "fuzz/input.h"
#include "host-local/range.h"

namespace patchbay {
namespace {

using fuzz::attempt;
using fuzz::require;

void use_address(const std::string& text) {
  const auto address = IpAddr::find(text);
  if (!address) {
    return;
  }
  require(IpAddr::find(address->str()) == address, "an address is printed as what it is");
  require(
      IpAddr::from_bytes(address->bytes().data(), address->is_v6()) == *address,
      "an address is what its bytes are");
  require(address->is_v6() || address->value() >> 32 == 0, "IPv4 has 32 bits");
}

void use_prefix(const std::string& text) {
  const IpPrefix prefix = IpPrefix::parse(text);
  require(IpPrefix::parse(prefix.str()) == prefix, "a prefix is printed as what it is");
  require(prefix.length() <= prefix.address().bits(), "a prefix is no longer than an address");
  require(
      prefix.contains(prefix.address()) && prefix.contains(prefix.first()) &&
          prefix.contains(prefix.last()),
      "a prefix contains its own addresses");
  require(prefix.first() <= prefix.last(), "a prefix goes upwards");
  require(prefix.network().network() == prefix.network(), "a network is its own network");
}

void use_span(const std::string& text) {
  const auto span = hostlocal::parse_span(text);
  require(span.first <= span.last, "a span goes upwards");
  require(span.first.is_v6() == span.last.is_v6(), "a span is of one family");
  const auto again = hostlocal::parse_span(span.str());
  require(again.first == span.first && again.last == span.last, "a span is printed as what it is");
}

void use_link(const std::string& text) {
  if (const auto mac = MacAddr::find(text)) {
    require(MacAddr::find(mac->str()) == mac, "a MAC address is printed as what it is");
    require((mac->octets[0] & 1) == 0 && mac != MacAddr{}, "a MAC address is unicast");
  }
  attempt([&] { require(IfName::parse(text).str() == text, "a name is what it was"); });
}

}  // namespace
}  // namespace patchbay

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  const std::string text{reinterpret_cast<const char*>(data), size};
  use_address(text);
  fuzz::attempt([&] { use_prefix(text); });
  fuzz::attempt([&] { use_span(text); });
  use_link(text);
  return 0;
}
