#pragma once

#include <string>
#include <vector>

#include "host.h"

namespace patchbay::bench {

constexpr const char* kBridge = "ovs1";

/// The Open vSwitch of one host: a database with the bridge kBridge, and a userspace switch if it
/// is wanted.
class OpenVswitch {
 public:
  /// Starts the daemons in the namespace `host`, which must outlive it. Throws Error, SystemError.
  OpenVswitch(const Namespace& host, bool with_switch);
  OpenVswitch(const OpenVswitch&) = delete;
  OpenVswitch& operator=(const OpenVswitch&) = delete;
  OpenVswitch(OpenVswitch&&) = delete;
  OpenVswitch& operator=(OpenVswitch&&) = delete;
  /// Ends the daemons.
  ~OpenVswitch();

  /// Where ovsdb-server listens.
  [[nodiscard]] const std::string& remote() const { return remote_; }

  /// Makes devices called `prefix` and a number, from `first` to before `end`; nothing without a
  /// switch, which would look for them.
  void add_devices(const std::string& prefix, unsigned first, unsigned end);
  /// Makes ports of them, by few transactions, and waits for the switch if there is one.
  void add_ports(const std::string& prefix, unsigned first, unsigned end);

 private:
  void start(const std::string& program, std::vector<std::string> arguments);
  void vsctl(std::vector<std::string> arguments);

  const Namespace& host_;
  bool with_switch_;
  std::string directory_;
  std::string remote_;
  std::vector<pid_t> daemons_;
};

}  // namespace patchbay::bench
