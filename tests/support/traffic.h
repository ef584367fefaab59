#pragma once

#include <functional>
#include <set>
#include <string>

#include "netns/netns.h"

namespace patchbay::test {

/// One end of a TCP connection.
struct Endpoint {
  const netns::Netns& ns;
  std::string address{};  ///< Of the server. A client may leave its own to the kernel.
};

/// Connects from `client` to `server` and sends a megabyte each way. Returns the address that the
/// server saw the client under. Throws std::runtime_error when a byte is wrong, when the connection
/// fails, or when it takes longer than three seconds.
std::string exchange_megabyte(const Endpoint& client, const Endpoint& server);

/// Sends datagrams without pause, one flow, while `connect` makes the way from `client` to
/// `server`. Returns the addresses that the server saw the client under. Throws std::runtime_error
/// when none arrives within three seconds afterwards.
std::set<std::string> chatter_while(
    const Endpoint& client, const Endpoint& server, const std::function<void()>& connect);

}  // namespace patchbay::test
