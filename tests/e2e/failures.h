#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "e2e/network.h"

namespace patchbay::test {

/// One way for an ADD to fail.
struct Failure {
  const char* name;
  const char* patch;        ///< Of the configuration.
  const char* preparation;  ///< Shell commands on the host.
  const char* ipam;         ///< What the IPAM plugin "fake-ipam" does on ADD.
  unsigned code;
  const char* part;  ///< Of the message.
};
void PrintTo(const Failure& failure, std::ostream* out);

/// "ipam" of a Failure that uses fake-ipam.
constexpr const char* kFake = R"({"ipam":{"type":"fake-ipam"}})";

/// Those of every plugin that makes a veth pair, for the network net1 with ipMasq whose addresses
/// host-local takes from 10.1.0.0/24.
std::vector<Failure> common_failures();

/// The script of fake-ipam, which does nothing on other commands than ADD.
std::string fake_ipam_of(const Failure& failure);

}  // namespace patchbay::test
