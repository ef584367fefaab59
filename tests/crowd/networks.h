#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace patchbay::test {

/// A kind of network that joins the crowd and the endurance run; a plugin that comes later needs
/// one line in networks.cpp.
struct Subject {
  std::string name;
  nlohmann::json plugin;  ///< Its keys, without name, version and ipam.
  bool dual_stack = false;
};

const std::vector<Subject>& subjects();

/// The network with this number: a subject, addresses of its own (10.<number>.0.0/24 and
/// fd00:<number>::/64), and `room` addresses of each family to lease.
nlohmann::json numbered_network(std::size_t number, std::size_t room, const std::string& version);

}  // namespace patchbay::test
