#include "e2e/failures.h"

#include <ostream>

namespace patchbay::test {

void PrintTo(const Failure& failure, std::ostream* out) {
  *out << failure.name;
}

std::vector<Failure> common_failures() {
  return {
      {"IpamMissing", R"({"ipam":{"type":"nonesuch"}})", "", "", 7, "'nonesuch'"},
      {"IpamFails",
       kFake,
       "",
       R"(echo '{"code":77,"msg":"no way","details":"really"}'; exit 1)",
       77,
       "no way"},
      {"IpamFailsSilently", kFake, "", "exit 3", 999, "exit status 3"},
      {"IpamPrintsGarbage", kFake, "", "echo garbage", 6, "'fake-ipam'"},
      {"IpamPrintsNothing", kFake, "", "exit 0", 6, "'fake-ipam'"},
      {"IpamFailsWithGarbage", kFake, "", "echo garbage; exit 1", 999, "exit status 1"},
      {"IpamIsKilled", kFake, "", "kill -9 $$", 999, "killed by signal 9"},
      {"IpamPrintsTooMuch", kFake, "", "yes | head -c 17000000", 100, "File too large"},
      {"IpamReadsNothing", kFake, "", "exec < /dev/null; exit 1", 999, "exit status 1"},
      {"IpamIsNotExecutable",
       R"({"ipam":{"type":"broken"}})",
       "mkdir -p /run/plugins; echo x > /run/plugins/broken",
       "",
       100,
       "execute '/run/plugins/broken': Permission denied"},
      {"IpamGivesNoAddress", kFake, "", R"(echo '{"cniVersion":"1.1.0"}')", 7, "gave no address"},
      {"IpamGivesABadAddress",
       kFake,
       "",
       R"(echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.0.300/24"}]}')",
       7,
       "ips[0].address: "},
      {"RangeExhausted",
       R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24","rangeStart":"10.1.0.9","rangeEnd":"10.1.0.9"}]]}})",
       R"(printf 'other\r\neth0' > /var/lib/cni/networks/net1/10.1.0.9)",
       "",
       101,
       "10.1.0.9"},
      {"RangesOverlap",
       R"({"ipam":{"ranges":[[{"subnet":"10.1.0.0/24"}],[{"subnet":"10.1.0.0/25"}]]}})",
       "",
       "",
       7,
       "ipam.ranges[1][0].subnet"},
      {"RequestedAddressIsTaken",
       R"({"runtimeConfig":{"ips":["10.1.0.9"]}})",
       R"(printf 'other\r\neth0' > /var/lib/cni/networks/net1/10.1.0.9)",
       "",
       101,
       "10.1.0.9"},
      {"DataDirReadOnly",
       R"({"ipam":{"dataDir":"/run/full"}})",
       "mkdir /run/full; mount -t tmpfs -o ro tmpfs /run/full",
       "",
       5,
       "/run/full"},
      {"DataDirFull",
       R"({"ipam":{"dataDir":"/run/full"}})",
       "mkdir /run/full; mount -t tmpfs -o nr_inodes=2 tmpfs /run/full; mkdir -p /run/full/net1",
       "",
       5,
       "/run/full"},
      {"RouteThroughMulticast",
       R"({"ipam":{"routes":[{"dst":"10.50.0.0/16","gw":"224.0.0.1"}]}})",
       "",
       "",
       100,
       "add route to 10.50.0.0/16 via 224.0.0.1 through 'eth0': "},
      {"RouteOfMixedFamilies",
       R"({"ipam":{"routes":[{"dst":"10.50.0.0/16","gw":"fd00::1"}]}})",
       "",
       "",
       7,
       "'fd00::1'"},
      {"MtuTooSmall", R"({"mtu":60})", "", "", 100, "create the veth pair"},
      {"MasqueradeRefused",
       "{}",
       "names=$(nft list sets | grep -o 'net_[0-9a-f]*');"
       "nft delete table inet patchbay; nft add table inet patchbay;"
       "for s in $names; do nft \"add set inet patchbay $s { type inet_service ; }\"; done",
       "",
       100,
       "an element to nftables set 'net_"},
  };
}

std::string fake_ipam_of(const Failure& failure) {
  return std::string{"[ \"$CNI_COMMAND\" = ADD ] || exit 0\n"} + failure.ipam;
}

}  // namespace patchbay::test
