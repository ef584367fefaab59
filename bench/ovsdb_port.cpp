// ovsdb_port ADD|DEL REMOTE BRIDGE PORT: what the ovs plugin says to the database, and nothing
// else, so that it can be measured beside ovs-vsctl.

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "base/error.h"
#include "ovsdb/port.h"

namespace patchbay {
namespace {

bool change(std::string_view command, const std::string& remote, const ovsdb::PortSpec& spec) {
  ovsdb::Client client{{.remotes = remote}};
  if (command == "ADD") {
    return ovsdb::PortInsertion{client, spec}.finish();
  }
  return ovsdb::remove_port(client, spec.owner);
}

}  // namespace
}  // namespace patchbay

int main(int argc, char** argv) {
  using namespace patchbay;
  if (argc != 5) {
    std::cerr << "ovsdb_port ADD|DEL REMOTE BRIDGE PORT\n";
    return EXIT_FAILURE;
  }
  try {
    const ovsdb::PortSpec spec{
        .bridge = argv[3],
        .owner = {"bench", argv[4], "eth0"},
        .name = IfName::parse(argv[4]),
        .vlans = {.mode = "trunk"}};
    return change(argv[1], argv[2], spec) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& e) {
    std::cerr << "ovsdb_port: " << e.what() << "\n";
    return EXIT_FAILURE;
  }
}
