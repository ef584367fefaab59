#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bulk_gc.h"
#include "cell.h"
#include "options.h"
#include "packet_path.h"

namespace patchbay::bench {

/// One line of the table: a command of a row, with so many containers attached, done by so many at
/// once.
struct Line {
  const Row* row;
  const Step* step;
  unsigned attached = 0;
  unsigned at_once = 1;
  Series ours{};
  std::vector<Series> peers{};  ///< In the order of Report::peers; empty ones were not measured.
  Series floor{};               ///< Empty where there is none.
  Series base{};  ///< Ours with the fewest attached, in the same rounds; empty for the fewest.
};

/// The size of an executable on disk.
struct Executable {
  std::string name;
  std::uintmax_t bytes = 0;
  std::vector<std::uintmax_t> peers{};  ///< 0: it has none.
  bool has_tls = false;                 ///< Ours has OpenSSL in it.
};

/// Everything that was measured.
struct Report {
  std::vector<std::string> peers;  ///< Names.
  std::vector<Row> rows;           ///< That the lines refer to.
  std::vector<Line> lines;
  std::vector<BulkGc> collections;
  std::vector<PacketPath> paths;
  std::vector<Executable> executables;
  std::vector<std::string> left_out;  ///< What could not be measured here, and why.
  unsigned rounds = 0;
  double load_before = 0;  ///< Load average of a minute; ours is about 1.
  double load_after = 0;
};

/// Measures what `options` ask for. Throws Error when an executable is missing or fails.
Report measure(const Options& options, Progress& progress);

}  // namespace patchbay::bench
