#include "support/traffic.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <thread>

#include <sys/socket.h>

#include "base/ip.h"
#include "base/unique_fd.h"
#include "netlink/monitor.h"

namespace patchbay::test {

namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr std::chrono::seconds kPatience{3};

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error{what + ": " + std::strerror(error)};
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }

  [[nodiscard]] std::string str() const {
    if (storage.ss_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
      return IpAddr::from_bytes(v6->sin6_addr.s6_addr, true).str();
    }
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    return IpAddr::from_bytes(reinterpret_cast<const std::uint8_t*>(&v4->sin_addr), false).str();
  }
};

/// Port 0.
SocketAddress socket_address(const std::string& text) {
  const IpAddr ip = IpAddr::parse(text);
  SocketAddress address;
  address.storage.ss_family = ip.is_v6() ? AF_INET6 : AF_INET;
  address.size = ip.is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  auto* place = ip.is_v6() ? reinterpret_cast<std::uint8_t*>(
                                 &reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_addr)
                           : reinterpret_cast<std::uint8_t*>(
                                 &reinterpret_cast<sockaddr_in*>(&address.storage)->sin_addr);
  const auto bytes = ip.bytes();
  std::copy_n(bytes.begin(), ip.size(), place);
  return address;
}

UniqueFd make_socket(const netns::Netns& ns, bool v6, int type = SOCK_STREAM) {
  const netns::ScopedNetns inside{ns};
  UniqueFd fd{::socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) {
    fail("open a socket", errno);
  }
  return fd;
}

void wait_for(int fd, short events, const char* what) {
  pollfd waiting{fd, events, 0};
  if (::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds{kPatience}.count())) != 1) {
    fail(what, ETIMEDOUT);
  }
}

void connect_to(int fd, SocketAddress address) {
  if (::connect(fd, address.get(), address.size) != 0 && errno != EINPROGRESS) {
    fail("connect to " + address.str(), errno);
  }
  wait_for(fd, POLLOUT, ("connect to " + address.str()).c_str());
  int error = 0;
  socklen_t size = sizeof error;
  (void)::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    fail("connect to " + address.str(), error);
  }
}

/// One direction, seen from both ends.
class Stream {
 public:
  explicit Stream(unsigned seed) : bytes_(kMegabyte, '\0') {
    for (char& byte : bytes_) {
      seed = seed * 1103515245U + 12345U;
      byte = static_cast<char>(seed >> 16U);
    }
  }

  [[nodiscard]] bool wants_write() const { return sent_ < bytes_.size(); }
  [[nodiscard]] bool wants_read() const { return received_ < bytes_.size(); }

  void write(int fd) {
    const auto done =
        ::send(fd, bytes_.data() + sent_, bytes_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && errno != EAGAIN) {
      fail("send", errno);
    }
    sent_ += done > 0 ? static_cast<std::size_t>(done) : 0;
  }

  void read(int fd) {
    std::array<char, 65536> chunk{};
    const auto got = ::recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
      fail("receive", got == 0 ? EPIPE : errno);
    }
    const auto size = got > 0 ? static_cast<std::size_t>(got) : 0;
    if (received_ + size > bytes_.size() ||
        !std::equal(chunk.begin(), chunk.begin() + got, bytes_.begin() + position(received_))) {
      throw std::runtime_error{"received other bytes than were sent"};
    }
    received_ += size;
  }

 private:
  static std::string::difference_type position(std::size_t offset) {
    return static_cast<std::string::difference_type>(offset);
  }

  std::string bytes_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
};

short wanted(const Stream& out, const Stream& in) {
  return static_cast<short>((out.wants_write() ? POLLOUT : 0) | (in.wants_read() ? POLLIN : 0));
}

void serve(const pollfd& ready, Stream& out, Stream& in) {
  if ((ready.revents & POLLOUT) != 0) {
    out.write(ready.fd);
  }
  if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    in.read(ready.fd);
  }
}

void exchange(int client, int server) {
  Stream there{1};
  Stream back{2};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (there.wants_read() || back.wants_read()) {
    std::array<pollfd, 2> waiting{
        pollfd{client, wanted(there, back), 0}, pollfd{server, wanted(back, there), 0}};
    if (::poll(waiting.data(), waiting.size(), nl::milliseconds_until(deadline)) == 0) {
      fail("exchange a megabyte", ETIMEDOUT);
    }
    serve(waiting[0], there, back);
    serve(waiting[1], back, there);
  }
}

void bind_to(int fd, SocketAddress& address) {
  if (::bind(fd, address.get(), address.size) != 0 ||
      ::getsockname(fd, address.get(), &address.size) != 0) {
    fail("bind to " + address.str(), errno);
  }
}

/// The senders of what has arrived.
std::set<std::string> senders_to(int fd) {
  std::set<std::string> senders;
  char byte = 0;
  SocketAddress seen;
  while (::recvfrom(fd, &byte, sizeof byte, 0, seen.get(), &seen.size) >= 0) {
    senders.insert(seen.str());
    seen = {};
  }
  return senders;
}

}  // namespace

std::string exchange_megabyte(const Endpoint& client, const Endpoint& server) {
  SocketAddress address = socket_address(server.address);
  const bool v6 = address.storage.ss_family == AF_INET6;
  const UniqueFd listener = make_socket(server.ns, v6);
  bind_to(listener.get(), address);
  if (::listen(listener.get(), 1) != 0) {
    fail("listen on " + server.address, errno);
  }
  const UniqueFd near = make_socket(client.ns, v6);
  if (!client.address.empty()) {
    SocketAddress own = socket_address(client.address);
    bind_to(near.get(), own);
  }
  connect_to(near.get(), address);
  wait_for(listener.get(), POLLIN, "accept");
  SocketAddress seen;
  const UniqueFd far{::accept4(listener.get(), seen.get(), &seen.size, SOCK_CLOEXEC)};
  if (!far) {
    fail("accept", errno);
  }
  exchange(near.get(), far.get());
  return seen.str();
}

std::set<std::string> chatter_while(
    const Endpoint& client, const Endpoint& server, const std::function<void()>& connect) {
  SocketAddress address = socket_address(server.address);
  const bool v6 = address.storage.ss_family == AF_INET6;
  const UniqueFd listener = make_socket(server.ns, v6, SOCK_DGRAM);
  bind_to(listener.get(), address);
  const UniqueFd near = make_socket(client.ns, v6, SOCK_DGRAM);
  const std::jthread chatter{[&near, address](const std::stop_token& stop) mutable {
    while (!stop.stop_requested()) {  // refused as long as there is no route
      (void)::sendto(near.get(), "x", 1, 0, address.get(), address.size);
    }
  }};
  connect();
  wait_for(listener.get(), POLLIN, "hear of the client");
  return senders_to(listener.get());
}

}  // namespace patchbay::test
