#pragma once

#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace patchbay::test {

/// A server that knows no member "uuid" of insertions, like those before Open vSwitch 2.17: it
/// refuses such transactions in their words and hands all others on to a real server.
class OldServer {
 public:
  OldServer(const std::string& socket, std::string real_socket);
  OldServer(const OldServer&) = delete;
  OldServer& operator=(const OldServer&) = delete;
  OldServer(OldServer&&) = delete;
  OldServer& operator=(OldServer&&) = delete;
  ~OldServer();

 private:
  void serve() const;
  void handle(int client) const;

  std::string real_socket_;
  UniqueFd listening_;
  std::thread thread_;
};

}  // namespace patchbay::test
