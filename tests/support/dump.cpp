#include "support/dump.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/shell.h"

namespace patchbay::test {

namespace {

using nlohmann::json;

const std::set<std::string>& noise() {
  static const std::set<std::string> keys{
      "qdisc",
      "ifindex",
      "link_index",
      "link_netnsid",
      "gc_timer",
      "hello_timer",
      "tcn_timer",
      "topology_change",
      "topology_change_timer",
      "operstate",
      "hold_timer",
      "forward_delay",
      "message_age_timer",
      "state",
      "state_index",
      "topology_change_detected",
      "config_pending",
      "topology_change_ack",
      "forward_delay_timer"};
  return keys;
}

bool is_volatile_flag(const json& flag) {
  static const std::set<std::string> flags{"LOWER_UP", "NO-CARRIER", "M-DOWN", "linkdown", "dead"};
  return flag.is_string() && flags.count(flag.get<std::string>()) != 0;
}

json stable(const json& value) {
  if (value.is_object()) {
    json kept = json::object();
    for (const auto& [key, member] : value.items()) {
      if (noise().count(key) == 0) {
        kept[key] = stable(member);
      }
    }
    return kept;
  }
  if (value.is_array()) {
    json kept = json::array();
    for (const auto& member : value) {
      if (!is_volatile_flag(member)) {
        kept.push_back(stable(member));
      }
    }
    return kept;
  }
  return value;
}

/// Link-local and multicast routes of IPv6 and anycast addresses come and go with the carrier.
bool is_automatic_route(const json& route) {
  const auto dst = route.value("dst", std::string{});
  const auto type = route.value("type", std::string{});
  return dst.rfind("fe80", 0) == 0 || dst.rfind("ff00", 0) == 0 || type == "anycast" ||
         type == "multicast";
}

bool is_automatic_address(const json& address) {
  return address.value("family", std::string{}) == "inet6" &&
         address.value("scope", std::string{}) == "link";
}

json query(const std::string& arguments) {
  const auto text = shell("ip -j -d " + arguments);
  return text.empty() || text == "\n" ? json::array() : json::parse(text);
}

std::string lines_of(const std::string& title, const json& items) {
  std::vector<std::string> lines;
  for (const auto& item : items) {
    if (!item.empty()) {
      lines.push_back(stable(item).dump());
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text = "== " + title + "\n";
  for (const auto& line : lines) {
    text += line + "\n";
  }
  return text;
}

std::string links() {
  json all = query("addr show");
  for (auto& link : all) {
    auto& addresses = link["addr_info"];
    addresses.erase(
        std::remove_if(addresses.begin(), addresses.end(), is_automatic_address), addresses.end());
  }
  return lines_of("links", all);
}

std::string routes(const std::string& family) {
  json all = query(family + " route show table all");
  all.erase(std::remove_if(all.begin(), all.end(), is_automatic_route), all.end());
  return lines_of("routes " + family, all);
}

std::string sysctls() {
  std::string text = "== sysctls\n";
  for (const auto* key : {"ipv4/ip_forward", "ipv6/conf/all/forwarding"}) {
    std::ifstream file{std::string{"/proc/sys/net/"} + key};
    std::string value;
    std::getline(file, value);
    text += std::string{key} + " = " + value + "\n";
  }
  return text;
}

/// Where host-local goes on searching, and its index, change without anything being held.
bool is_memory_of_search(const std::string& name) {
  return name.rfind("last_reserved_ip.", 0) == 0 || name.find("index") != std::string::npos;
}

std::string files() {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{"/var/lib/cni"}) {
    if (is_memory_of_search(entry.path().filename())) {
      continue;
    }
    std::ostringstream content;
    if (entry.is_regular_file()) {
      content << std::ifstream{entry.path()}.rdbuf();
    }
    lines.push_back(json{{entry.path().string(), content.str()}}.dump());
  }
  for (const auto& entry : std::filesystem::directory_iterator{"/run/netns"}) {
    lines.push_back(entry.path().string());
  }
  std::sort(lines.begin(), lines.end());
  std::string text = "== files\n";
  for (const auto& line : lines) {
    text += line + "\n";
  }
  return text;
}

/// The lines of `text` that `other` has not.
std::vector<std::string> lines_missing_in(const std::string& other, const std::string& text) {
  std::multiset<std::string> known;
  std::istringstream others{other};
  for (std::string line; std::getline(others, line);) {
    known.insert(line);
  }
  std::vector<std::string> missing;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    const auto found = known.find(line);
    if (found == known.end()) {
      missing.push_back(line);
    } else {
      known.erase(found);
    }
  }
  return missing;
}

}  // namespace

testing::AssertionResult is_unchanged(const std::string& before) {
  return is_same(before, dump());
}

testing::AssertionResult is_same(const std::string& before, const std::string& after) {
  if (before == after) {
    return testing::AssertionSuccess();
  }
  auto result = testing::AssertionFailure();
  for (const auto& line : lines_missing_in(after, before)) {
    result << "\ngone: " << line;
  }
  for (const auto& line : lines_missing_in(before, after)) {
    result << "\nnew:  " << line;
  }
  return result;
}

std::string dump_network() {
  return links() + routes("-4") + routes("-6");
}

std::string dump() {
  return dump_network() + lines_of("rules", query("-4 rule")) +
         lines_of("rules -6", query("-6 rule")) +
         lines_of("neighbours", query("neigh show nud permanent")) + "== nftables\n" +
         shell("nft --stateless list ruleset") + sysctls() + files();
}

}  // namespace patchbay::test
