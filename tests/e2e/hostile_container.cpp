#include "e2e/hostile_container.h"

#include <ostream>

namespace patchbay::test {

namespace {

constexpr const char* kFunctions = R"sh(
set -e
# index LINK NAMESPACE: the number of a link.
index() { ip -n "$2" -o link show dev "$1" | cut -d: -f1; }
# peer LINK NAMESPACE: the number of its other end, in the namespace of that.
peer() { ip -n "$2" -o link show dev "$1" | sed 's/^[0-9]*: [^@]*@if\([0-9]*\):.*/\1/'; }
# forge NAMESPACE: a pair of c1 and sub whose ends have the numbers of another container's.
forge() {
  ip -n c1 link add eth0 index "$(index eth0 "$1")" type veth \
    peer name forged index "$(peer eth0 "$1")" netns sub
}
# show WHAT: lets the path of c1 lead to it.
show() {
  touch /run/kept && mount --bind /run/netns/c1 /run/kept  # or its links would vanish by themselves
  mount --bind "$1" /run/netns/c1
}
# replace: takes the path away; the namespace stays alive.
replace() {
  touch /run/kept && mount --bind /run/netns/c1 /run/kept
  umount /run/netns/c1 && rm /run/netns/c1
}
)sh";

}  // namespace

const std::vector<Attack>& attacks() {
  static const std::vector<Attack> attacks{
      {"Nothing", "true"},
      {"Renamed", "ip -n c1 link set eth0 down name lost"},
      {"Moved", "ip -n c1 link set eth0 netns sub"},
      {"Deleted", "ip -n c1 link del eth0"},
      {"AnotherKindUnderItsName",
       "ip -n c1 link set eth0 down name lost; ip -n c1 link add eth0 type bridge"},
      {"AnotherPairUnderItsName",
       "ip -n c1 link set eth0 down name lost; ip -n c1 link add eth0 type veth peer name x"},
      {"DeletedAndAnotherKind", "ip -n c1 link del eth0; ip -n c1 link add eth0 type bridge"},
      {"DeletedAndAnotherPair",
       "ip -n c1 link del eth0; ip -n c1 link add eth0 type veth peer name x"},
      {"MovedAndForgedInItsPlace",
       "i=$(index eth0 c1) p=$(peer eth0 c1); ip -n c1 link set eth0 netns sub name lost;"
       "ip -n c1 link add eth0 index $i type veth peer name x index $p netns sub"},
      {"DeletedAndForgedAsAMarkedOne", "ip -n c1 link del eth0; forge c2"},
      {"DeletedAndForgedAsAnUnmarkedOne", "ip -n c1 link del eth0; forge c3"},
      {"MarkedAsAnothers", "ip -n c1 link set eth0 alias patchbay:net1:c2:eth0"},
      {"LinkLikeTheHostsEndOfAnother",
       "name=$(ip -o link | sed -n 's/^[0-9]*: \\([^@]*\\)@.*patchbay:net1:c2:eth0.*/\\1/p');"
       "ip -n c1 link add $name type veth peer name x;"
       "ip -n c1 link set $name alias patchbay:net1:c2:eth0"},
      {"PathIsAnothers", "show /run/netns/c2"},
      {"PathIsAnUnmarkedOnes", "show /run/netns/c3"},
      {"PathIsALinkToAnothers", "replace; ln -s c2 /run/netns/c1"},
      {"PathIsALinkToNothing", "replace; ln -s nowhere /run/netns/c1"},
      {"PathIsAFile", "replace; echo eth0 > /run/netns/c1"},
      {"PathIsAFifo", "replace; mkfifo /run/netns/c1"},
      {"PathIsTheHosts", "show /proc/self/ns/net", true},
      {"PathIsALinkToTheHosts", "replace; ln -s /proc/self/ns/net /run/netns/c1", true},
      {"DeletedAndPathIsAnothers", "ip -n c1 link del eth0; show /run/netns/c2"},
      {"DeletedAndPathIsAnUnmarkedOnes", "ip -n c1 link del eth0; show /run/netns/c3", false, true},
  };
  return attacks;
}

void PrintTo(const Attack& attack, std::ostream* out) {
  *out << attack.name;
}

std::string name_of_attack(const testing::TestParamInfo<Attack>& info) {
  return info.param.name;
}

void attack(const Attack& attack) {
  shell(kFunctions + std::string{attack.script});
}

void clear_path() {
  shell(
      "[ -e /run/kept ] || exit 0; cd /run/netns; if [ -L c1 ] || ! umount c1 2>/dev/null; then "
      "rm c1; touch c1; mount --bind ../kept c1; fi; umount /run/kept; rm /run/kept");
}

}  // namespace patchbay::test
