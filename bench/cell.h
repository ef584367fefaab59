#pragma once

#include <memory>
#include <string>
#include <vector>

#include "census.h"
#include "host.h"
#include "open_vswitch.h"
#include "progress.h"
#include "side.h"

namespace patchbay::bench {

/// What the calls of one command cost.
struct Series {
  std::vector<Sample> samples;
  Census census;
};

/// A host of its own on which one implementation serves one row: some containers are attached
/// already, and one more comes and goes (or as many as the row says, together).
class Cell {
 public:
  /// `side` and `row` must outlive it, and `pool`'s containers, too.
  Cell(const Side& side, const Row& row, unsigned attached, ContainerPool& pool);

  /// Attaches the containers that are to be there already, if the row attaches any.
  void fill(Progress& progress);
  /// Executes the row's step of that number and keeps what it cost.
  void measure(std::size_t step);
  /// Executes it and forgets what it cost.
  void warm_up(std::size_t step);
  /// Executes it, once and alone, and counts memory and processes.
  void count(std::size_t step);

  [[nodiscard]] const Series& series(std::size_t step) const { return series_[step]; }
  /// The host, to be destroyed; nothing can be executed any more.
  Namespace release();

 private:
  void fill_switch(Progress& progress);
  void fill_host(Progress& progress);
  Attachment attachment_of(unsigned number);
  Command next(std::size_t step, unsigned number);
  void remember(std::size_t step, unsigned number, std::string output);
  Sample execute(std::size_t step);

  const Side* side_;
  const Row* row_;
  unsigned attached_;
  ContainerPool* pool_;
  Namespace host_;
  std::string network_;
  std::unique_ptr<OpenVswitch> switch_;
  std::vector<std::string> netns_;     ///< Of the containers that come and go.
  std::vector<std::string> previous_;  ///< Their results, while they are attached.
  std::vector<Series> series_;
};

}  // namespace patchbay::bench
