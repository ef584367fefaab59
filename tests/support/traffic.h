#pragma once

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

}  // namespace patchbay::test
