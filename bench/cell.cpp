#include "cell.h"

#include <iomanip>
#include <sstream>

namespace patchbay::bench {

namespace {

/// 64 hex digits, as runtimes have them.
std::string container_id_of(unsigned number) {
  std::ostringstream text;
  text << std::string(56, 'c') << std::setfill('0') << std::setw(8) << std::hex << number;
  return text.str();
}

/// No two cells of a run share a network: leases are kept by its name.
std::string next_network_name() {
  static unsigned number = 1000;
  return "bench" + std::to_string(number++);
}

}  // namespace

Cell::Cell(const Side& side, const Row& row, unsigned attached, ContainerPool& pool)
    : side_{&side},
      row_{&row},
      attached_{attached},
      pool_{&pool},
      host_{"host-" + side.name + "-" + std::to_string(attached)},
      network_{next_network_name()},
      netns_{pool.take().path()},
      series_(row.steps.size()) {}

void Cell::fill(Progress& progress) {
  if (row_->steps.front().command != "ADD") {
    return;
  }
  for (unsigned number = 1; number <= attached_; ++number) {
    progress.tick(
        side_->name + " attaches " + std::to_string(number) + "/" + std::to_string(attached_));
    Attachment attachment = attachment_of(number);
    attachment.netns = pool_->take().path();
    const Command command = command_of(attachment, "ADD");
    const netns::ScopedNetns inside{host_.open()};
    (void)run(command);
  }
}

Attachment Cell::attachment_of(unsigned number) {
  return {
      .side = *side_,
      .row = *row_,
      .network = network_,
      .container_id = container_id_of(number),
      .netns = {},
      .previous = {}};
}

Command Cell::next(std::size_t step) {
  Attachment attachment = attachment_of(0);
  attachment.netns = netns_;
  attachment.previous = previous_;
  return command_of(attachment, row_->steps[step].command);
}

/// DEL prints nothing, and ends the result's life.
void Cell::remember(std::size_t step, std::string output) {
  const auto& command = row_->steps[step].command;
  previous_ = command == "ADD" ? std::move(output) : std::string{};
}

Sample Cell::execute(std::size_t step) {
  const Command command = next(step);
  const netns::ScopedNetns inside{host_.open()};
  Execution execution = run(command);
  remember(step, std::move(execution.output));
  return execution.sample;
}

void Cell::measure(std::size_t step) {
  series_[step].samples.push_back(execute(step));
}

void Cell::warm_up(std::size_t step) {
  (void)execute(step);
}

void Cell::count(std::size_t step) {
  const Command command = next(step);
  const netns::ScopedNetns inside{host_.open()};
  std::string output;
  series_[step].census = take_census(command, output);
  remember(step, std::move(output));
}

}  // namespace patchbay::bench
