#include "crowd/gauges.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/resource.h>

#include "netlink/link.h"
#include "netlink/socket.h"
#include "support/kernel_dump.h"

namespace patchbay::test {

namespace {

double nothing(double /*first*/, double /*cycles*/) {
  return 0;
}

/// Kilobytes: the kernel counts resident pages in batches.
double a_few_pages(double /*first*/, double /*cycles*/) {
  return 512;
}

/// Objects, where every tenth cycle makes a namespace: a leak of one a namespace is five times
/// this.
double objects(double /*first*/, double cycles) {
  return 16 + cycles / 50;
}

/// Kilobytes: half a kilobyte a cycle, and what the machine needs for something else.
double kilobytes(double /*first*/, double cycles) {
  return 16'384 + cycles / 2;
}

/// The sum over the slab caches whose name begins with `prefix`; in objects, or in kB.
double slab(const std::string& prefix, bool in_kilobytes) {
  std::ifstream file{"/proc/slabinfo"};
  double sum = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string name;
    double active = 0;
    double all = 0;
    double size = 0;
    words >> name >> active >> all >> size;
    if (words && name.rfind(prefix, 0) == 0) {
      sum += in_kilobytes ? active * size / 1024 : active;
    }
  }
  return sum;
}

double meminfo(const std::string& key) {
  std::ifstream file{"/proc/meminfo"};
  for (std::string word; file >> word;) {
    if (word == key + ":") {
      double value = 0;
      file >> value;
      return value;
    }
  }
  return 0;
}

double first_number_in(const char* path) {
  double value = 0;
  std::ifstream{path} >> value;
  return value;
}

double entries_below(const char* directory) {
  const std::filesystem::recursive_directory_iterator entries{directory};
  return static_cast<double>(std::distance(begin(entries), end(entries)));
}

double largest_child_kilobytes() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return static_cast<double>(usage.ru_maxrss);
}

double links() {
  nl::Socket socket;
  return static_cast<double>(nl::list_links(socket).size());
}

Gauge slab_objects(const std::string& name) {
  return {"slab " + name, "objects", [name] { return slab(name, false); }, objects};
}

}  // namespace

std::vector<Gauge> available_gauges() {
  std::vector<Gauge> gauges{
      {"links of the host", "", links, nothing},
      {"nftables", "lines", [] { return static_cast<double>(nft_ruleset().size()); }, nothing},
      {"files of state", "", [] { return entries_below("/var/lib/cni"); }, nothing},
      {"descriptors of the runtime", "", [] { return entries_below("/proc/self/fd"); }, nothing},
      {"largest plugin", "kB", largest_child_kilobytes, a_few_pages},
      {"open files", "", [] { return first_number_in("/proc/sys/fs/file-nr"); }, objects},
      slab_objects("net_namespace"),
      slab_objects("nf_conntrack"),
      slab_objects("nft"),
      {"slab kmalloc", "kB", [] { return slab("kmalloc", true); }, kilobytes},
      {"unreclaimable slab", "kB", [] { return meminfo("SUnreclaim"); }, kilobytes},
      {"per-cpu memory", "kB", [] { return meminfo("Percpu"); }, kilobytes}};
  std::erase_if(gauges, [](const Gauge& gauge) {
    return gauge.name.rfind("slab ", 0) == 0 && gauge.read() == 0;
  });
  return gauges;
}

}  // namespace patchbay::test
