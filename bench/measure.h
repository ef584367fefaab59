#pragma once

#include <string>
#include <vector>

#include "cell.h"
#include "options.h"

namespace patchbay::bench {

/// One line of the table: a command of a row, with so many containers attached.
struct Line {
  std::string row;
  std::string command;
  double goal = 0;  ///< For the ratio of wall times; 0: none.
  unsigned attached = 0;
  Series ours;
  Series peer;
  Series floor;  ///< Empty when the row has none.
};

/// The size of an executable on disk.
struct Executable {
  std::string name;
  std::string path;
  std::uintmax_t bytes = 0;
  bool has_tls = false;  ///< Ours has OpenSSL in it.
};

/// Everything that was measured.
struct Report {
  std::vector<Line> lines;
  std::vector<Executable> ours;
  std::vector<Executable> peer;
  unsigned rounds = 0;
  double load_before = 0;  ///< Load average of a minute; ours is about 1.
  double load_after = 0;
};

/// Measures what `options` ask for. Throws Error when an executable is missing or fails.
Report measure(const Options& options, Progress& progress);

}  // namespace patchbay::bench
