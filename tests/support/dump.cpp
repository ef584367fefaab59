#include "support/dump.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "netns/sysctl.h"
#include "support/kernel_dump.h"

namespace patchbay::test {

namespace {

std::string section(const std::string& title, const std::vector<std::string>& lines) {
  std::string text = "== " + title + "\n";
  for (const auto& line : lines) {
    text += line + "\n";
  }
  return text;
}

/// Where host-local goes on searching, and its index, change without anything being held.
bool is_memory_of_search(const std::string& name) {
  return name.rfind("last_reserved_ip.", 0) == 0 || name.find("index") != std::string::npos;
}

std::string describe(const std::filesystem::directory_entry& entry) {
  namespace fs = std::filesystem;
  const auto status = entry.symlink_status();
  const std::string start = entry.path().string() + " mode " +
                            std::to_string(static_cast<unsigned>(status.permissions())) + " ";
  if (fs::is_symlink(status)) {
    return start + "-> " + fs::read_symlink(entry.path()).string();
  }
  if (!fs::is_regular_file(status)) {
    return start;
  }
  try {
    std::string content = find_file(entry.path()).value_or("");
    std::replace(content.begin(), content.end(), '\n', '|');
    return start + content;
  } catch (const Error& e) {  // a namespace's file cannot be read
    return start + e.what();
  }
}

/// Nothing when there is no such directory.
std::vector<std::string> names_below(const std::string& directory) {
  std::vector<std::string> lines;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator{directory, none}) {
    lines.push_back(entry.path().string());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Without the numbers that the kernel gives to mounts and namespaces.
std::vector<std::string> mounts() {
  std::vector<std::string> lines;
  std::ifstream file{"/proc/self/mountinfo"};
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string number;
    words >> number >> number >> number;
    std::getline(words, line);
    if (const auto number_at = line.find("net:["); number_at != std::string::npos) {
      line.erase(number_at, line.find(']') - number_at);
    }
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// The kernel repeats such a read, busily, until nobody else holds the lock of all links. A link's
/// own mode is seen in the link.
bool waits_for_links(const std::string& name) {
  return name == "addr_gen_mode" || name == "stable_secret";
}

std::string value_of(const sysctl::Directory& directory, const std::string& name) {
  try {
    return directory.find(name).value_or("");
  } catch (const Error& e) {  // some are for writing only
    return e.what();
  }
}

/// Those of IPv4 and IPv6 that belong to no interface.
std::vector<std::string> sysctls() {
  std::vector<std::string> lines;
  for (const std::string directory :
       {"ipv4",
        "ipv4/conf/all",
        "ipv4/conf/default",
        "ipv4/neigh/default",
        "ipv6",
        "ipv6/conf/all",
        "ipv6/conf/default",
        "ipv6/neigh/default"}) {
    const sysctl::Directory values{directory};
    std::error_code none;
    for (const auto& entry :
         std::filesystem::directory_iterator{"/proc/sys/net/" + directory, none}) {
      const std::string name = entry.path().filename();
      if (entry.is_regular_file() && !waits_for_links(name)) {
        lines.push_back("sysctl " + directory + "/" + name + " " + value_of(values, name));
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
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

std::string dump_files(const std::string& directory) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory}) {
    if (!is_memory_of_search(entry.path().filename())) {
      lines.push_back(describe(entry));
    }
  }
  std::sort(lines.begin(), lines.end());
  return section("files in " + directory, lines);
}

std::string dump_network() {
  return section("links and addresses", links_and_addresses()) + section("routes", routes()) +
         section("rules, neighbours, qdiscs", rules_neighbours_and_qdiscs()) +
         section("nftables", nft_ruleset()) + section("sysctls", sysctls());
}

std::string dump() {
  return dump_network() + section("mounts", mounts()) +
         section("namespaces", names_below("/run/netns")) +
         section("lent devices", names_below("/run/patchbay/devices")) + dump_files("/var/lib/cni");
}

}  // namespace patchbay::test
