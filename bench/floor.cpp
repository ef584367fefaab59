// floor: the kernel requests that a job cannot do without, and nothing around them. No
// configuration is read, nothing is checked, nothing can be undone, no lease is kept. What a plugin
// costs beyond this is the plugin's own; what this costs is the kernel's and the process start's.
//
// The environment is that of a CNI call; FLOOR says what the job consists of, e.g. "bridge v4 v6".

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "netlink/addr.h"
#include "netlink/bridge.h"
#include "netlink/deletion.h"
#include "netlink/monitor.h"
#include "netlink/route.h"
#include "netlink/veth.h"
#include "nft/masquerade.h"

namespace patchbay::bench {
namespace {

constexpr std::chrono::seconds kPatience{3};
constexpr IfIndex kLoopback{1};
constexpr nl::VlanRange kVlan{.first = 100, .last = 100, .native = true};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : value;
}

bool job_has(std::string_view word) {
  return (" " + variable("FLOOR") + " ").find(" " + std::string{word} + " ") != std::string::npos;
}

Owner owner() {
  return {"floor", variable("CNI_CONTAINERID"), variable("CNI_IFNAME")};
}

/// The benchmark numbers its containers in the last eight hex digits of their ids.
unsigned number_of_container() {
  const std::string id = variable("CNI_CONTAINERID");
  const std::string_view digits = std::string_view{id}.substr(id.size() - 8);
  unsigned number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

/// By which the network's bridge and subnets are called.
std::string label() {
  return variable("FLOOR_NETWORK");
}

IfName bridge_name() {
  return IfName::parse("cni" + label());
}

/// One network of the job: its gateway, and the container's address in it.
struct Subnet {
  IpPrefix gateway;
  IpPrefix address;

  [[nodiscard]] IpPrefix everything() const { return {IpAddr{gateway.is_v6(), 0}, 0}; }
};

Subnet subnet(std::string_view gateway) {
  const auto prefix = IpPrefix::parse(gateway);
  const IpAddr address{prefix.is_v6(), prefix.address().value() + 1 + number_of_container()};
  return {prefix, {address, prefix.length()}};
}

std::vector<Subnet> subnets() {
  std::vector<Subnet> all;
  if (job_has("v4")) {
    all.push_back(subnet("10." + label() + ".0.1/16"));
  }
  if (job_has("v6")) {
    all.push_back(subnet("fd00:" + label() + "::1/64"));
  }
  return all;
}

void set_up(nl::Socket& socket, IfIndex link) {
  nl::change_link(socket, link, {.up = true}, "set a link up");
}

void attach_to_bridge(nl::Socket& host, nl::Socket& container, const netns::Netns& ns) {
  const bool with_vlan = job_has("vlan");
  const auto found = nl::ensure_bridge(host, {.name = bridge_name(), .vlan_filtering = with_vlan});
  const auto near = nl::add_veth(
      host,
      {.ifname = IfName::parse("eth0"),
       .owner = owner(),
       .container = ns,
       .master = found.link.index});
  if (with_vlan) {
    nl::add_vlans(host, near, {kVlan});
  }
  const auto far = nl::get_link(container, IfName::parse("eth0"));
  for (const auto& [gateway, address] : subnets()) {
    nl::add_address(container, far.index, {.address = address}, "eth0");
    if (found.created && !with_vlan) {
      nl::add_address(host, found.link.index, {.address = gateway}, "bridge");
    }
  }
  set_up(container, far.index);
  for (const auto& one : subnets()) {
    const nl::Route route{.dst = one.everything(), .gw = one.gateway.address()};
    nl::add_route(container, far.index, route, "eth0");
  }
  set_up(host, near.index);
  nl::wait_until_up(host, near.index, std::chrono::steady_clock::now() + kPatience);
  (void)nl::delete_multicast_route(host, near.index);
}

void attach_to_host(nl::Socket& host, nl::Socket& container, const netns::Netns& ns) {
  const auto near =
      nl::add_veth(host, {.ifname = IfName::parse("eth0"), .owner = owner(), .container = ns});
  const auto far = nl::get_link(container, IfName::parse("eth0"));
  const bool with_ipv6 = job_has("v6");
  if (!with_ipv6) {
    nl::change_link(host, near.index, {.link_local = false}, "forbid a link-local address");
  }
  set_up(container, far.index);
  for (const auto& one : subnets()) {
    const auto gateway = IpPrefix::host(one.gateway.address());
    const auto address = IpPrefix::host(one.address.address());
    nl::add_address(container, far.index, {.address = address}, "eth0");
    nl::add_route(container, far.index, {.dst = gateway, .src = one.address.address()}, "eth0");
    nl::add_route(container, far.index, {.dst = one.everything(), .gw = gateway.address()}, "eth0");
    nl::add_address(host, near.index, {.address = gateway}, "veth");
    nl::add_route(host, near.index, {.dst = address}, "veth");
  }
  if (!with_ipv6) {
    (void)nl::find_link(host, near.index);
    (void)nl::delete_multicast_route(host, near.index);
  }
}

/// Into the container and up, or back to the host and up.
void move_device(nl::Socket& from, nl::Socket& to, const netns::Netns& target, bool is_add) {
  const auto outside = IfName::parse("nic" + std::to_string(number_of_container()));
  const auto inside = IfName::parse("eth0");
  const auto link = nl::get_link(from, is_add ? outside : inside);
  const nl::LinkChange move{.target = &target, .name = is_add ? inside : outside};
  nl::change_link(from, link.index, move, "move a device");
  set_up(to, nl::get_link(to, is_add ? inside : outside).index);
}

void attach_device(nl::Socket& host, nl::Socket& container, const netns::Netns& ns) {
  move_device(host, container, ns, true);
  const auto link = nl::get_link(container, IfName::parse("eth0"));
  for (const auto& one : subnets()) {
    nl::add_address(container, link.index, {.address = one.address}, "eth0");
    const nl::Route route{.dst = one.everything(), .gw = one.gateway.address()};
    nl::add_route(container, link.index, route, "eth0");
  }
}

void masquerade() {
  nft::Connection connection;
  for (const auto& one : subnets()) {
    nft::add_masquerade(connection, owner(), one.address);
  }
}

void add() {
  nl::Socket host;
  const auto ns = netns::Netns::open(variable("CNI_NETNS"));
  nl::Socket container = nl::Socket::in(ns);
  if (job_has("lo")) {
    set_up(container, kLoopback);
  }
  if (job_has("bridge")) {
    attach_to_bridge(host, container, ns);
  }
  if (job_has("veth")) {
    attach_to_host(host, container, ns);
  }
  if (job_has("device")) {
    attach_device(host, container, ns);
  }
  if (job_has("masquerade")) {
    masquerade();
  }
}

void del() {
  if (job_has("lo")) {
    nl::Socket container = nl::Socket::in(netns::Netns::open(variable("CNI_NETNS")));
    nl::change_link(container, kLoopback, {.up = false}, "set lo down");
  }
  if (job_has("device")) {
    nl::Socket host;
    nl::Socket container = nl::Socket::in(netns::Netns::open(variable("CNI_NETNS")));
    move_device(container, host, netns::Netns::current(), false);
  }
  if (!job_has("bridge") && !job_has("veth")) {
    return;
  }
  std::optional<nft::Connection> connection;
  if (job_has("masquerade")) {
    connection.emplace();
    for (const auto& one : subnets()) {
      nft::remove_masquerade(*connection, owner(), {one.address});
    }
  }
  nl::Socket host;
  const auto ns = netns::Netns::open(variable("CNI_NETNS"));
  if (const auto near = nl::find_veth(host, owner()); near && near->peer) {
    const int kept_open = connection ? connection->fd() : -1;
    nl::PairDeletion::OtherEnd other{ns, *near->peer};
    nl::PairDeletion{host, near->index, other, kept_open}.wait();
  }
}

}  // namespace
}  // namespace patchbay::bench

int main() {
  try {
    if (patchbay::bench::variable("CNI_COMMAND") == "ADD") {
      patchbay::bench::add();
    } else if (patchbay::bench::variable("CNI_COMMAND") == "DEL") {
      patchbay::bench::del();
    }
    std::cout << "{}\n";
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    std::cerr << "floor: " << e.what() << "\n";
    return EXIT_FAILURE;
  }
}
