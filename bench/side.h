#pragma once

#include <string>

#include "rows.h"
#include "run.h"

namespace patchbay::bench {

/// One of the implementations that are compared.
struct Side {
  std::string name;
  std::string path;           ///< Its directories, as CNI_PATH names them.
  std::string Row::*program;  ///< Which of a row's executables it has.
};

/// The executable that `side` has for `row`. Throws Error{invalid_config} when it has none.
std::string find_executable(const Side& side, const Row& row);

/// One interface of one container, in a network of `row`'s kind.
struct Attachment {
  const Side& side;
  const Row& row;
  std::string network;
  std::string container_id;
  std::string netns;
  std::string port;      ///< What the port of a bridge is called that does the same by hand.
  std::string database;  ///< The remote of its ovsdb-server; empty on Stage::kernel.
  std::string previous;  ///< The result of ADD, which DEL is given as libcni gives it.
};

/// What a runtime, or who does the same by hand, would execute for `attachment`.
Command command_of(const Attachment& attachment, const std::string& command);

}  // namespace patchbay::bench
