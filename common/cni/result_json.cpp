// The only file that knows what results looked like before CNI 1.1.0.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cni/json.h"
#include "cni/result.h"

namespace patchbay::cni {

namespace {

using nlohmann::json;

constexpr Bounds kU32{0, 0xffffffff};

void put(json& object, const char* name, const std::string& value) {
  if (!value.empty()) {
    object[name] = value;
  }
}

void put(json& object, const char* name, std::uint32_t value) {
  if (value != 0) {
    object[name] = value;
  }
}

void put(json& object, const char* name, const std::vector<std::string>& values) {
  if (!values.empty()) {
    object[name] = values;
  }
}

json dns_json(const Dns& dns) {
  json object = json::object();
  put(object, "nameservers", dns.nameservers);
  put(object, "domain", dns.domain);
  put(object, "search", dns.search);
  put(object, "options", dns.options);
  return object;
}

json interface_json(const Interface& interface, Version version) {
  json object{{"name", interface.name}};
  put(object, "mac", interface.mac);
  put(object, "sandbox", interface.sandbox);
  if (version >= Version::with_mtu_and_metrics()) {
    put(object, "mtu", interface.mtu);
    put(object, "socketPath", interface.socket_path);
    put(object, "pciID", interface.pci_id);
  }
  return object;
}

json ip_json(const IpConfig& ip, Version version) {
  json object{{"address", ip.address.str()}};
  if (version < Version::without_ip_version()) {
    object["version"] = ip.address.is_v6() ? "6" : "4";
  }
  if (ip.interface) {
    object["interface"] = *ip.interface;
  }
  if (ip.gateway) {
    object["gateway"] = ip.gateway->str();
  }
  return object;
}

json route_json(const Route& route, Version version) {
  json object{{"dst", route.dst.str()}};
  if (route.gw) {
    object["gw"] = route.gw->str();
  }
  if (version < Version::with_mtu_and_metrics()) {
    return object;
  }
  put(object, "mtu", route.mtu);
  put(object, "advmss", route.advmss);
  put(object, "priority", route.priority);
  if (route.table) {
    object["table"] = *route.table;
  }
  if (route.scope) {
    object["scope"] = *route.scope;
  }
  return object;
}

/// 0.3.0 and later: lists of interfaces, addresses and routes.
json listed_json(const Result& result, Version version) {
  json object = json::object();
  for (const auto& interface : result.interfaces) {
    object["interfaces"].push_back(interface_json(interface, version));
  }
  for (const auto& ip : result.ips) {
    object["ips"].push_back(ip_json(ip, version));
  }
  for (const auto& route : result.routes) {
    object["routes"].push_back(route_json(route, version));
  }
  if (version < Version::without_ip_version() || !result.dns.empty()) {
    object["dns"] = dns_json(result.dns);
  }
  return object;
}

/// 0.1.0 and 0.2.0: the first address of each family, with the routes of that family.
json ip4_and_ip6_json(const Result& result, Version version) {
  json object = json::object();
  for (const bool v6 : {false, true}) {
    const auto ip = std::find_if(result.ips.begin(), result.ips.end(), [&](const IpConfig& one) {
      return one.address.is_v6() == v6;
    });
    if (ip == result.ips.end()) {
      continue;
    }
    json& family = object[v6 ? "ip6" : "ip4"];
    family["ip"] = ip->address.str();
    if (ip->gateway) {
      family["gateway"] = ip->gateway->str();
    }
    for (const auto& route : result.routes) {
      if (route.dst.is_v6() == v6) {
        family["routes"].push_back(route_json(route, version));
      }
    }
  }
  if (object.empty()) {
    throw Error{
        ErrorCode::incompatible_version,
        "cannot express a result without addresses in CNI " + std::string{version.str()}};
  }
  object["dns"] = dns_json(result.dns);
  return object;
}

void read_interface(Keys& keys, Result& result) {
  Interface interface;
  keys.text("name", interface.name, "");
  keys.text("mac", interface.mac, "");
  keys.number("mtu", interface.mtu, kU32, "");
  keys.text("sandbox", interface.sandbox, "");
  keys.text("socketPath", interface.socket_path, "");
  keys.text("pciID", interface.pci_id, "");
  result.interfaces.push_back(std::move(interface));
}

/// `address_key` is "address" since 0.3.0 and "ip" before.
void read_ip(Keys& keys, std::string_view address_key, Result& result) {
  std::optional<IpPrefix> address;
  std::optional<IpAddr> gateway;
  std::optional<std::uint32_t> interface;
  const auto to_address = [&](const std::string& text) { address = IpPrefix::parse(text); };
  const auto to_gateway = [&](const std::string& text) {
    if (!text.empty()) {
      gateway = IpAddr::parse(text);
    }
  };
  keys.parsed(address_key, Format::cidr, to_address, "");
  keys.required(address_key);
  keys.parsed("gateway", Format::ip, to_gateway, "");
  keys.number("interface", interface, kU32, "");
  result.ips.push_back({interface, *address, gateway});
}

void read_listed(Keys& keys, Result& result) {
  keys.objects(
      "interfaces", [&](Keys& item) { read_interface(item, result); }, "");
  keys.objects(
      "ips", [&](Keys& item) { read_ip(item, "address", result); }, "");
  keys.objects(
      "routes", [&](Keys& item) { declare_route(item, result.routes); }, "");
}

void read_ip4_and_ip6(Keys& keys, Result& result) {
  for (const auto* family : {"ip4", "ip6"}) {
    keys.object(
        family,
        [&](Keys& nested) {
          if (!nested.present()) {
            return;
          }
          read_ip(nested, "ip", result);
          nested.objects(
              "routes", [&](Keys& item) { declare_route(item, result.routes); }, "");
        },
        "");
  }
}

}  // namespace

void declare_dns(Keys& keys, Dns& dns) {
  const auto into = [](std::vector<std::string>& list) {
    return [&list](const std::string& text) { list.push_back(text); };
  };
  keys.texts("nameservers", Format::ip, into(dns.nameservers), "name servers, in order");
  keys.text("domain", dns.domain, "local domain for short host names");
  keys.texts("search", Format::text, into(dns.search), "search domains, in order");
  keys.texts("options", Format::text, into(dns.options), "options of resolv.conf");
}

void declare_route(Keys& keys, std::vector<Route>& routes) {
  std::optional<IpPrefix> dst;
  Route route{.dst = IpPrefix{IpAddr{false, 0}, 0}, .gw = {}, .table = {}, .scope = {}};
  const auto to_dst = [&](const std::string& text) { dst = IpPrefix::parse(text); };
  const auto to_gw = [&](const std::string& text) {
    if (!text.empty()) {  // as Go prints a route that has none
      route.gw = IpAddr::parse(text);
    }
  };
  keys.parsed("dst", Format::cidr, to_dst, "destination");
  keys.required("dst");
  keys.parsed("gw", Format::ip, to_gw, "next hop; the address's gateway when absent");
  keys.number("mtu", route.mtu, kU32, "path MTU in bytes");
  keys.number("advmss", route.advmss, kU32, "MSS to advertise, in bytes");
  keys.number("priority", route.priority, kU32, "metric; the lowest wins");
  keys.number("table", route.table, kU32, "routing table; main when absent");
  keys.number("scope", route.scope, {0, 255}, "scope: 0 global, 253 link, 254 host");
  route.dst = dst.value_or(route.dst);
  if (route.gw && route.gw->is_v6() != route.dst.is_v6()) {
    throw Error{
        ErrorCode::invalid_config,
        keys.path_of("gw") + ": " + quote(route.gw->str()) +
            " must be of the address family of dst " + quote(route.dst.str())};
  }
  routes.push_back(std::move(route));
}

json to_json(const Result& result, Version version) {
  json object = version < Version::with_interfaces() ? ip4_and_ip6_json(result, version)
                                                     : listed_json(result, version);
  object["cniVersion"] = version.str();
  return object;
}

std::string print(const Result& result, Version version) {
  return to_json(result, version).dump(4);
}

Result parse_result(const json& document, Version version, const std::string& what) {
  Result result;
  Keys keys = Keys::reading(&document, what);
  std::string own_version;
  keys.text("cniVersion", own_version, "");
  const Version shape = own_version.empty() ? version : Version::parse(own_version);
  if (shape < Version::with_interfaces()) {
    read_ip4_and_ip6(keys, result);
  } else {
    read_listed(keys, result);
  }
  keys.object(
      "dns", [&](Keys& nested) { declare_dns(nested, result.dns); }, "");
  return result;
}

Result parse_result(std::string_view bytes, Version version, const std::string& what) {
  return parse_result(*parse_json(bytes, what), version, what);
}

}  // namespace patchbay::cni
