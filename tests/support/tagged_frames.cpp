#include "support/tagged_frames.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
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

UniqueFd open_device(const netns::Netns& ns) {
  const netns::ScopedNetns inside{ns};
  UniqueFd socket{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))};
  sockaddr_ll device{};
  device.sll_family = AF_PACKET;
  device.sll_protocol = htons(ETH_P_ALL);
  device.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
  const int on = 1;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&device), sizeof device) != 0 ||
      ::setsockopt(socket.get(), SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) != 0) {
    throw std::runtime_error{"open eth0"};
  }
  return socket;
}

/// The kernel takes a tag off the frame, and tells it beside.
struct Received {
  Frame frame = Frame(2048);
  std::optional<std::uint16_t> vlan{};
};

std::optional<std::uint16_t> vlan_in(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_PACKET && part->cmsg_type == PACKET_AUXDATA) {
      tpacket_auxdata data{};
      std::memcpy(&data, CMSG_DATA(part), sizeof data);
      if ((data.tp_status & TP_STATUS_VLAN_VALID) != 0) {
        return static_cast<std::uint16_t>(data.tp_vlan_tci & 0xfff);
      }
    }
  }
  return std::nullopt;
}

Received receive(int socket) {
  Received received;
  iovec data{received.frame.data(), received.frame.size()};
  std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto got = ::recvmsg(socket, &message, 0);
  received.frame.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  received.vlan = vlan_in(message);
  return received;
}

/// True when a frame that is `wanted` comes within a second.
bool await_frame(int socket, const std::function<bool(const Received&)>& wanted) {
  const auto deadline = steady_clock::now() + std::chrono::seconds{1};
  while (steady_clock::now() < deadline) {
    pollfd waiting{socket, POLLIN, 0};
    if (::poll(&waiting, 1, 50) > 0 && wanted(receive(socket))) {
      return true;
    }
  }
  return false;
}

bool has_mac_of_asker(const Frame& frame, std::ptrdiff_t offset) {
  return frame.size() >= ETH_HLEN &&
         std::equal(kAsker.begin(), kAsker.end(), frame.begin() + offset);
}

}  // namespace

bool answers_arp(const netns::Netns& ns, std::uint16_t vlan, const IpAddr& address) {
  const UniqueFd socket = open_device(ns);
  const Frame sent = question(vlan, address);
  (void)::send(socket.get(), sent.data(), sent.size(), 0);
  return await_frame(
      socket.get(), [](const Received& received) { return has_mac_of_asker(received.frame, 0); });
}

bool passes_tagged(const netns::Netns& sender, const netns::Netns& receiver, std::uint16_t vlan) {
  const UniqueFd out = open_device(sender);
  const UniqueFd in = open_device(receiver);
  const Frame sent = question(vlan, IpAddr::parse("192.0.2.1"));
  (void)::send(out.get(), sent.data(), sent.size(), 0);
  return await_frame(in.get(), [&](const Received& received) {
    return has_mac_of_asker(received.frame, ETH_ALEN) && received.vlan == vlan;
  });
}

}  // namespace patchbay::test
