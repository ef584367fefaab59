#include "ovs/tagged_arp.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>
#include <vector>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace patchbay::test {

namespace {

using Frame = std::vector<std::uint8_t>;
using std::chrono::steady_clock;

constexpr std::array<std::uint8_t, ETH_ALEN> kAsker{0x02, 0, 0, 0, 0, 0x77};

void append(Frame& frame, std::initializer_list<int> bytes) {
  for (const int byte : bytes) {
    frame.push_back(static_cast<std::uint8_t>(byte));
  }
}

/// From kAsker, who has no address (a probe).
Frame question(std::uint16_t vlan, const IpAddr& address) {
  Frame frame(ETH_ALEN, 0xff);
  frame.insert(frame.end(), kAsker.begin(), kAsker.end());
  append(frame, {0x81, 0x00, vlan >> 8, vlan & 0xff, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1});
  frame.insert(frame.end(), kAsker.begin(), kAsker.end());
  append(frame, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const auto bytes = address.bytes();
  frame.insert(frame.end(), bytes.begin(), bytes.begin() + 4);
  return frame;
}

bool is_to_asker(const Frame& frame) {
  return frame.size() >= ETH_HLEN && std::equal(kAsker.begin(), kAsker.end(), frame.begin());
}

}  // namespace

bool answers_arp(const netns::Netns& ns, std::uint16_t vlan, const IpAddr& address) {
  const netns::ScopedNetns inside{ns};
  const UniqueFd socket{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))};
  sockaddr_ll device{};
  device.sll_family = AF_PACKET;
  device.sll_protocol = htons(ETH_P_ALL);
  device.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&device), sizeof device) != 0) {
    throw std::runtime_error{"bind a packet socket to eth0"};
  }
  const Frame sent = question(vlan, address);
  (void)::send(socket.get(), sent.data(), sent.size(), 0);
  const auto deadline = steady_clock::now() + std::chrono::seconds{1};
  while (steady_clock::now() < deadline) {
    pollfd waiting{socket.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) {
      continue;
    }
    Frame frame(2048);
    const auto got = ::recv(socket.get(), frame.data(), frame.size(), 0);
    frame.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (is_to_asker(frame)) {
      return true;
    }
  }
  return false;
}

}  // namespace patchbay::test
