#pragma once

#include <optional>
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

/// Where `program` is in the directories `path`, if it is there; the empty one is nowhere.
std::optional<std::string> look_for_executable(const std::string& path, const std::string& program);
/// The executable that `side` has for `row`. Throws Error{invalid_config} when it has none.
std::string find_executable(const Side& side, const Row& row);

/// One interface of one container, in a network of `row`'s kind.
struct Attachment {
  const Side& side;
  const Row& row;
  std::string network;
  unsigned network_number;  ///< See network_config().
  unsigned number;          ///< Of the container, on its host.
  std::string netns;
  std::string database;  ///< The remote of its ovsdb-server; empty where there is none.
  std::string previous;  ///< The result of ADD, which CHECK and DEL are given as libcni gives it.
};

/// What a runtime, or who does the same by hand, would execute for `attachment`; GC of its network
/// is told that no attachment is valid.
Command command_of(const Attachment& attachment, const std::string& command);

}  // namespace patchbay::bench
