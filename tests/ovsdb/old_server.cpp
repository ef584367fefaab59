#include "ovsdb/old_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <nlohmann/json.hpp>

namespace patchbay::test {

namespace {

using nlohmann::json;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

UniqueFd make_socket() {
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) {
    throw std::runtime_error{"make a socket"};
  }
  return fd;
}

bool read_some(int fd, std::string& text) {
  std::array<char, 65536> chunk{};
  const auto got = ::read(fd, chunk.data(), chunk.size());
  text.append(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

void write_text(int fd, const std::string& text) {
  (void)!::write(fd, text.data(), text.size());
}

bool names_rows(const json& request) {
  const json params = request.value("params", json::array());
  return std::any_of(params.begin(), params.end(), [](const json& operation) {
    return operation.is_object() && operation.contains("uuid");
  });
}

json refusal(const json& request) {
  json results(request["params"].size() - 1, nullptr);
  results[0] = {
      {"error", "syntax error"},
      {"details",
       "Parsing ovsdb operation 1 of 4 failed: Member 'uuid' is present but not allowed here."}};
  return {{"id", request["id"]}, {"result", results}, {"error", nullptr}};
}

}  // namespace

OldServer::OldServer(const std::string& socket, std::string real_socket)
    : real_socket_{std::move(real_socket)},
      listening_{make_socket()} {
  const auto address = address_of(socket);
  if (::bind(listening_.get(), generic(address), sizeof address) != 0 ||
      ::listen(listening_.get(), 8) != 0) {
    throw std::runtime_error{"listen at " + socket};
  }
  thread_ = std::thread{[this] { serve(); }};
}

OldServer::~OldServer() {
  ::shutdown(listening_.get(), SHUT_RDWR);
  thread_.join();
}

void OldServer::serve() const {
  for (;;) {
    const UniqueFd client{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!client) {
      return;
    }
    handle(client.get());
  }
}

/// One request at a time, each in one write: all that the tests need.
void OldServer::handle(int client) const {
  const UniqueFd real = make_socket();
  const auto address = address_of(real_socket_);
  if (::connect(real.get(), generic(address), sizeof address) != 0) {
    return;
  }
  for (;;) {
    std::array<pollfd, 2> waiting{pollfd{client, POLLIN, 0}, pollfd{real.get(), POLLIN, 0}};
    (void)::poll(waiting.data(), waiting.size(), -1);
    std::string bytes;
    if (waiting[1].revents != 0) {
      if (!read_some(real.get(), bytes)) {
        return;
      }
      write_text(client, bytes);
      continue;
    }
    if (!read_some(client, bytes)) {
      return;
    }
    const json request = json::parse(bytes, nullptr, false);
    if (request.is_object() && names_rows(request)) {
      write_text(client, refusal(request).dump());
    } else {
      write_text(real.get(), bytes);
    }
  }
}

}  // namespace patchbay::test
