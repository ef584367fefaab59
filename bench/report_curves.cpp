#include <sstream>

#include "report.h"

namespace patchbay::bench {

namespace {

/// What gnuplot leaves out of a curve.
constexpr auto kMissing = "NaN";

std::string point(const Series& series) {
  const double median = median_of(series, &Sample::wall_ms);
  return median > 0 ? std::to_string(median) : kMissing;
}

}  // namespace

std::string to_curves(const Report& report) {
  std::ostringstream out;
  std::string titles;
  const Step* step = nullptr;
  unsigned blocks = 0;
  for (const Line& line : report.lines) {
    if (line.at_once > 1 || line.row->attached.size() == 1) {
      continue;
    }
    if (line.step != step) {
      out << (blocks > 0 ? "EOD\n" : "") << "$curve" << blocks << " << EOD\n";
      titles += (blocks > 0 ? "|" : "") + line.row->name + " " + line.step->command;
      step = line.step;
      ++blocks;
    }
    out << line.attached << " " << point(line.ours) << " " << point(line.peers.front()) << " "
        << point(line.floor) << "\n";
  }
  out << (blocks > 0 ? "EOD\n" : "") << "titles = \"" << titles << "\"\npeer = \""
      << report.peers.front() << "\"\n";
  return out.str();
}

}  // namespace patchbay::bench
