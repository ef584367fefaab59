#include "device/record.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cni/json.h"
#include "cni/keys.h"

namespace patchbay::device {

namespace {

using nlohmann::json;

constexpr std::string_view kMark = "patchbay-device:";
constexpr cni::Bounds kBytes{0, 0xff};
constexpr cni::Bounds kWords{0, 0xffff'ffff};
constexpr cni::Bounds kInodes{0, std::numeric_limits<std::int64_t>::max()};

std::string text_of(const std::optional<IpAddr>& address) {
  return address ? address->str() : "";
}

std::optional<IpAddr> address_in(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{IpAddr::parse(text)};
}

json address_json(const nl::AddressSpec& spec) {
  return {
      {"address", spec.address.str()},
      {"prefixRoute", spec.prefix_route},
      {"broadcast", spec.broadcast},
      {"scope", spec.scope},
      {"label", spec.label},
      {"peer", text_of(spec.peer)},
      {"metric", spec.metric},
      {"valid", spec.valid_s},
      {"preferred", spec.preferred_s}};
}

json route_json(const nl::Route& route) {
  return {
      {"dst", route.dst.str()},
      {"gw", text_of(route.gw)},
      {"src", text_of(route.src)},
      {"priority", route.priority},
      {"table", route.table},
      {"scope", route.scope.value_or(0)},
      {"mtu", route.mtu},
      {"advmss", route.advmss},
      {"protocol", route.protocol},
      {"onlink", route.onlink}};
}

std::uint8_t read_byte(cni::Keys& keys, std::string_view name) {
  std::uint32_t value = 0;
  keys.number(name, value, kBytes, "");
  return static_cast<std::uint8_t>(value);
}

std::string read_text(cni::Keys& keys, std::string_view name) {
  std::string text;
  keys.text(name, text, "");
  return text;
}

IfIndex read_index(cni::Keys& keys, std::string_view name) {
  std::uint32_t value = 0;
  keys.number(name, value, {0, std::numeric_limits<int>::max()}, "");
  return IfIndex{static_cast<int>(value)};
}

nl::AddressSpec read_address(cni::Keys& keys) {
  nl::AddressSpec spec{.address = IpPrefix::parse(read_text(keys, "address"))};
  keys.flag("prefixRoute", spec.prefix_route, "");
  keys.flag("broadcast", spec.broadcast, "");
  spec.scope = read_byte(keys, "scope");
  spec.label = read_text(keys, "label");
  spec.peer = address_in(read_text(keys, "peer"));
  keys.number("metric", spec.metric, kWords, "");
  keys.number("valid", spec.valid_s, kWords, "");
  keys.number("preferred", spec.preferred_s, kWords, "");
  return spec;
}

nl::Route read_route(cni::Keys& keys) {
  nl::Route route{.dst = IpPrefix::parse(read_text(keys, "dst"))};
  route.gw = address_in(read_text(keys, "gw"));
  route.src = address_in(read_text(keys, "src"));
  keys.number("priority", route.priority, kWords, "");
  keys.number("table", route.table, kWords, "");
  route.scope = read_byte(keys, "scope");
  keys.number("mtu", route.mtu, kWords, "");
  keys.number("advmss", route.advmss, kWords, "");
  route.protocol = read_byte(keys, "protocol");
  keys.flag("onlink", route.onlink, "");
  return route;
}

nl::Link read_link(cni::Keys& keys) {
  nl::Link link{.name = IfName::parse(read_text(keys, "name"))};
  link.index = read_index(keys, "index");
  link.kind = read_text(keys, "kind");
  link.mac = MacAddr::find(read_text(keys, "mac")).value_or(MacAddr{});
  std::uint32_t mtu = 0;
  keys.number("mtu", mtu, kWords, "");
  link.mtu = Mtu{mtu};
  keys.flag("up", link.up, "");
  link.alias = read_text(keys, "alias");
  link.parent = read_text(keys, "parent");
  link.permanent_mac = MacAddr::find(read_text(keys, "permanentMac"));
  return link;
}

}  // namespace

std::string Record::mark() const {
  return std::string{kMark} + was.name.str() + ":" + label;
}

std::string Record::holder() const {
  const auto owner = parse_label(label).value_or(Owner{});
  return "container " + quote(owner.container_id) + " (network " + quote(owner.network) +
         ", interface " + quote(owner.ifname) + ")";
}

std::string print(const Record& record) {
  json addresses = json::array();
  for (const auto& address : record.baggage.addresses) {
    addresses.push_back(address_json(address));
  }
  json routes = json::array();
  for (const auto& route : record.baggage.routes) {
    routes.push_back(route_json(route));
  }
  const nl::Link& was = record.was;
  const json document{
      {"name", was.name.str()},
      {"index", static_cast<int>(was.index)},
      {"kind", was.kind},
      {"mac", was.mac.str()},
      {"mtu", static_cast<std::uint32_t>(was.mtu)},
      {"up", was.up},
      {"alias", was.alias},
      {"parent", was.parent},
      {"permanentMac", was.permanent_mac ? was.permanent_mac->str() : ""},
      {"addresses", addresses},
      {"routes", routes},
      {"hardware", record.hardware},
      {"netns", record.netns},
      {"netnsInode", record.netns_inode},
      {"away", static_cast<int>(record.away)}};
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Record parse_record(std::string label, std::string_view text) {
  const auto document = cni::parse_json(text, "record of a device");
  cni::Keys keys = cni::Keys::reading(document.get(), {});
  Record record{.label = std::move(label), .was = read_link(keys), .baggage = {}};
  keys.objects(
      "addresses",
      [&](cni::Keys& item) { record.baggage.addresses.push_back(read_address(item)); },
      "");
  keys.objects(
      "routes", [&](cni::Keys& item) { record.baggage.routes.push_back(read_route(item)); }, "");
  record.hardware = read_text(keys, "hardware");
  record.netns = read_text(keys, "netns");
  keys.number("netnsInode", record.netns_inode, kInodes, "");
  record.away = read_index(keys, "away");
  return record;
}

std::string name_in_mark(std::string_view alias, std::string_view label) {
  const auto ending = ":" + std::string{label};
  if (!alias.starts_with(kMark) || !alias.ends_with(ending)) {
    return {};
  }
  return std::string{alias.substr(kMark.size(), alias.size() - kMark.size() - ending.size())};
}

}  // namespace patchbay::device
