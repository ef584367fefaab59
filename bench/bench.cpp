// bench: what our plugins cost, beside the reference plugins, in one run.

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "measure.h"
#include "options.h"
#include "report.h"

namespace patchbay::bench {
namespace {

/// Opened before the sandbox hides directories.
UniqueFd open_output(const std::string& path) {
  if (path.empty()) {
    return UniqueFd{};
  }
  UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  if (!fd) {
    throw SystemError{errno, "open " + quote(path)};
  }
  return fd;
}

void measure_and_print(const Options& options) {
  const UniqueFd json = open_output(options.json);
  const UniqueFd curves = open_output(options.curves);
  Report report;
  {
    Progress progress;
    report = measure(options, progress);
  }
  print_table(std::cout, report);
  if (json) {
    write_all(json.get(), to_json(report), "write " + quote(options.json));
  }
  if (curves) {
    write_all(curves.get(), to_curves(report), "write " + quote(options.curves));
  }
}

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) {
  try {
    if (const auto options = patchbay::bench::parse_options(argc, argv)) {
      patchbay::bench::measure_and_print(*options);
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    std::cerr << "bench: " << e.what() << "\n";
    return EXIT_FAILURE;
  }
}
