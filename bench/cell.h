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
/// already, and others, one or several together, come and go.
class Cell {
 public:
  /// With nothing attached. `side`, `row` and `pool`'s containers must outlive it.
  Cell(const Side& side, const Row& row, unsigned at_once, ContainerPool& pool);
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;
  Cell(Cell&&) = delete;
  Cell& operator=(Cell&&) = delete;
  ~Cell() = default;

  /// Attaches more, until so many are there that do not come and go.
  void grow(unsigned attached, Progress& progress);
  /// Attaches so many more by the plugin itself, whatever stands ready on the host.
  void attach_more(unsigned count, Progress& progress);
  /// From now on DEL waits until the kernel has freed the links, as GC does.
  void await_deletions();
  /// Executes GC of the first network, of which nothing is valid; what it cost.
  Sample collect();
  /// Executes the row's step of that number and keeps what it cost.
  void measure(std::size_t step);
  /// Executes it and forgets what it cost.
  void warm_up(std::size_t step);
  /// Executes it, once and alone, and counts what it needs.
  void count(std::size_t step);

  /// What has been kept since the last time, a series for each step.
  std::vector<Series> take_series();
  /// The host, to be destroyed; nothing can be executed any more.
  Namespace release();

 private:
  void attach(unsigned first, unsigned end, Progress& progress);
  void plug_in(unsigned first, unsigned end);
  void lease(unsigned first, unsigned end);
  void add_ports(unsigned first, unsigned end);
  [[nodiscard]] bool needs_switch() const;
  [[nodiscard]] std::string network_name(unsigned network) const;
  [[nodiscard]] Attachment attachment_of(unsigned number) const;
  Command next(std::size_t step, unsigned number);
  void remember(std::size_t step, unsigned number, std::string output);
  Sample execute(std::size_t step);

  const Side& side_;
  const Row& row_;
  unsigned at_once_;
  unsigned attached_ = 0;
  ContainerPool& pool_;
  std::string name_;
  Namespace host_;
  std::unique_ptr<OpenVswitch> switch_;
  std::vector<std::string> extra_;     ///< Of the environment.
  std::vector<std::string> netns_;     ///< Of the containers that come and go.
  std::vector<std::string> previous_;  ///< Their results, while they are attached.
  std::vector<Series> series_;
};

}  // namespace patchbay::bench
