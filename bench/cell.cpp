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
      previous_(row.at_once),
      series_(row.steps.size()) {
  for (unsigned number = 0; number < row.at_once; ++number) {
    netns_.push_back(pool.take().path());
  }
}

void Cell::fill(Progress& progress) {
  if (row_->stage != Stage::kernel) {
    fill_switch(progress);
  } else if (row_->steps.front().command == "ADD") {
    fill_host(progress);
  }
}

/// In bulk: one by one would take ovs-vsctl an hour.
void Cell::fill_switch(Progress& progress) {
  progress.tick(side_->name + " has Open vSwitch with " + std::to_string(attached_) + " ports");
  switch_ = std::make_unique<OpenVswitch>(host_, row_->stage == Stage::vswitch);
  switch_->add_devices("port", row_->at_once);
  switch_->add_devices("live", attached_);
  switch_->add_ports("live", attached_);
}

void Cell::fill_host(Progress& progress) {
  for (unsigned number = row_->at_once; number < row_->at_once + attached_; ++number) {
    progress.tick(
        side_->name + " attaches " + std::to_string(number) + "/" + std::to_string(attached_));
    Attachment attachment = attachment_of(number);
    attachment.netns = pool_->take().path();
    const Command command = command_of(attachment, "ADD");
    const netns::ScopedNetns inside{host_.open()};
    (void)run({command});
  }
}

Attachment Cell::attachment_of(unsigned number) {
  return {
      .side = *side_,
      .row = *row_,
      .network = network_,
      .container_id = container_id_of(number),
      .netns = {},
      .port = "port" + std::to_string(number),
      .database = switch_ ? switch_->remote() : "",
      .previous = {}};
}

Command Cell::next(std::size_t step, unsigned number) {
  Attachment attachment = attachment_of(number);
  attachment.netns = netns_[number];
  attachment.previous = previous_[number];
  return command_of(attachment, row_->steps[step].command);
}

/// DEL prints nothing, and ends the result's life.
void Cell::remember(std::size_t step, unsigned number, std::string output) {
  const auto& command = row_->steps[step].command;
  previous_[number] = command == "ADD" ? std::move(output) : std::string{};
}

Sample Cell::execute(std::size_t step) {
  std::vector<Command> commands;
  for (unsigned number = 0; number < row_->at_once; ++number) {
    commands.push_back(next(step, number));
  }
  const netns::ScopedNetns inside{host_.open()};
  Execution execution = run(commands);
  for (unsigned number = 0; number < row_->at_once; ++number) {
    remember(step, number, std::move(execution.outputs[number]));
  }
  return execution.sample;
}

void Cell::measure(std::size_t step) {
  series_[step].samples.push_back(execute(step));
}

void Cell::warm_up(std::size_t step) {
  (void)execute(step);
}

void Cell::count(std::size_t step) {
  const Command command = next(step, 0);
  const netns::ScopedNetns inside{host_.open()};
  std::string output;
  series_[step].census = take_census(command, output);
  remember(step, 0, std::move(output));
}

Namespace Cell::release() {
  switch_.reset();
  return std::move(host_);
}

}  // namespace patchbay::bench
