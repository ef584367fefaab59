// Any bytes as the kernel's answers to netlink requests, nftables included: Error is the worst that
// may come of it, nothing behind an answer is read, and what is understood makes sense.
//
// The first byte chooses what is asked. Then come the answers, a datagram each: a byte, a length
// (two bytes) and as many bytes. When the byte is odd, the datagram becomes one message that
// answers the last request, as if its header told the right length and sequence number.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sanitizer/asan_interface.h>
#include <string>
#include <vector>

#include <linux/netlink.h>
#include <sys/socket.h>

#include "fuzz/input.h"
#include "netlink/baggage.h"
#include "netlink/bridge.h"
#include "netlink/link.h"
#include "netlink/monitor.h"
#include "netns/netns.h"
#include "nft/owned_set.h"

namespace patchbay {
namespace {

using fuzz::require;

/// The kernel of this process: it says what the fuzzer wants, and listens to sequence numbers only.
struct Kernel {
  fuzz::Input answers{nullptr, 0};
  std::uint32_t sequence = 0;  ///< Of the last request.

  void hear(std::string_view request) {
    nlmsghdr header{};
    for (; request.size() >= sizeof header; request.remove_prefix(NLMSG_ALIGN(header.nlmsg_len))) {
      std::memcpy(&header, request.data(), sizeof header);
      sequence = header.nlmsg_seq;
    }
  }
  std::string say() {
    const bool in_order = (answers.byte() & 1) != 0;
    std::string datagram{answers.bytes(answers.word())};
    if (in_order && datagram.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, datagram.data(), sizeof header);
      header.nlmsg_len = static_cast<std::uint32_t>(datagram.size());
      header.nlmsg_seq = sequence;
      std::memcpy(datagram.data(), &header, sizeof header);
    }
    return datagram;
  }
};

Kernel kernel;

}  // namespace
}  // namespace patchbay

// The linker puts these in the place of recv() and sendto(): see CMakeLists.txt.
// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" ssize_t __wrap_recv(int /*socket*/, void* buffer, std::size_t size, int /*flags*/) {
  ASAN_UNPOISON_MEMORY_REGION(buffer, size);
  if (patchbay::kernel.answers.empty()) {
    errno = EAGAIN;
    return -1;
  }
  const std::string datagram = patchbay::kernel.say();
  const std::size_t length = std::min(size, datagram.size());
  std::memcpy(buffer, datagram.data(), length);
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(buffer) + length, size - length);
  return static_cast<ssize_t>(length);
}

extern "C" ssize_t __wrap_sendto(
    int /*socket*/,
    const void* bytes,
    std::size_t size,
    int /*flags*/,
    const sockaddr* /*to*/,
    socklen_t /*length*/) {
  patchbay::kernel.hear({static_cast<const char*>(bytes), size});
  return static_cast<ssize_t>(size);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace patchbay {
namespace {

constexpr IfIndex kLink{7};

void require_text(const std::string& text) {
  require(text.find('\0') == std::string::npos, "a text ends at the first zero");
}

void check(const nl::Link& link) {
  require(!ifname_fault(link.name.str()), "a link has a name");
  require_text(link.kind);
  require_text(link.alias);
  require_text(link.parent);
}

void check(const IpPrefix& prefix) {
  require(prefix.length() <= prefix.address().bits(), "a prefix is no longer than an address");
  require(IpPrefix::parse(prefix.str()).length() == prefix.length(), "a prefix can be read");
}

void find_link(nl::Socket& socket) {
  if (const auto link = nl::find_link(socket, IfName::parse("eth0"))) {
    check(*link);
  }
}

void list_links(nl::Socket& socket) {
  const auto links = nl::list_links(socket);
  std::for_each(links.begin(), links.end(), [](const nl::Link& link) { check(link); });
  require(
      std::adjacent_find(
          links.begin(),
          links.end(),
          [](const auto& a, const auto& b) { return a.index >= b.index; }) == links.end(),
      "links are listed by number, each once");
}

void list_baggage(nl::Socket& socket) {
  const auto baggage = nl::list_baggage(socket, {.index = kLink, .name = IfName::parse("eth0")});
  for (const auto& address : baggage.addresses) {
    check(address.address);
    require_text(address.label);
  }
  for (const auto& route : baggage.routes) {
    check(route.dst);
    require(
        !route.gw || route.gw->is_v6() == route.dst.is_v6(), "a gateway is of the route's family");
  }
}

void list_addresses(nl::Socket& socket) {
  for (const auto& address : nl::list_addresses(socket, kLink)) {
    check(address.prefix);
  }
}

void list_vlans(nl::Socket& socket) {
  const auto vlans = nl::list_vlans(socket, {.index = kLink, .name = IfName::parse("eth0")});
  for (const auto& range : vlans) {
    require(range.first <= range.last, "a range of VLANs goes upwards");
  }
}

void ask_routes(nl::Socket& socket) {
  (void)nl::is_local(socket, IpAddr::parse("10.1.0.1"));
  (void)nl::is_forwarding(socket, true);
  (void)nl::find_default_link(socket);
}

void find_nsid(nl::Socket& socket) {
  const auto nsid = nl::find_nsid(socket, netns::Netns::current());
  require(!nsid || *nsid >= 0, "a namespace's number is not negative");
}

void change(nl::Socket& socket) {
  nl::change_link(socket, kLink, {.up = true}, "set 'eth0' up");
  (void)nl::add_address(socket, kLink, {.address = IpPrefix::parse("10.1.0.2/24")}, "eth0");
  (void)nl::ensure_bridge(socket, {.name = IfName::parse("cni0")});
}

void monitor(nl::Socket& /*socket*/) {
  for (const auto event : {nl::LinkMonitor::Event::removal, nl::LinkMonitor::Event::up}) {
    nl::LinkMonitor monitor{kLink, event};
    bool happened = false;
    (void)monitor.hear(happened);
  }
}

void check(const std::vector<nft::Element>& elements) {
  for (const auto& element : elements) {
    require_text(element.label);
  }
}

void list_elements(nl::Socket& /*socket*/) {
  nft::Connection connection;
  nft::OwnedSet set{connection, nft::Family::inet, "net_1"};
  check(set.list());
  for (const auto& name : nft::list_sets(connection, nft::Family::inet)) {
    require_text(name);
  }
}

void change_elements(nl::Socket& /*socket*/) {
  nft::Connection connection;
  nft::OwnedSet set{connection, nft::Family::bridge, "port_macs"};
  nft::require_support(connection);
  (void)set.remove("key", "net:c1:eth0");
  (void)set.add({"key", "net:c1:eth0"});
  set.remove_if([](const nft::Element& element) { return element.label == "net:c1:eth0"; });
}

constexpr std::array kUses{
    find_link,
    list_links,
    list_baggage,
    list_addresses,
    list_vlans,
    ask_routes,
    find_nsid,
    change,
    monitor,
    list_elements,
    change_elements};

}  // namespace
}  // namespace patchbay

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  kernel = {.answers = {data, size}};
  const auto use = kUses.at(kernel.answers.byte() % kUses.size());
  fuzz::attempt([&] {
    nl::Socket socket;
    use(socket);
  });
  return 0;
}
