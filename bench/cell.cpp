#include "cell.h"

#include <filesystem>
#include <utility>

#include "leases.h"

namespace patchbay::bench {

namespace {

/// How many are attached together where nobody looks at the time: as many as an ordinary machine
/// has processors for; and where ovs-vswitchd reconsiders all its ports whenever some have come.
constexpr std::size_t kTogether = 2;
constexpr std::size_t kPortsTogether = 25;

/// No two cells of a run share a network: leases are kept by its name.
std::string next_name(const Side& side) {
  static unsigned number = 1000;
  return side.name + std::to_string(number++);
}

}  // namespace

Cell::Cell(const Side& side, const Row& row, unsigned at_once, ContainerPool& pool)
    : side_{side},
      row_{row},
      at_once_{at_once},
      pool_{pool},
      name_{next_name(side)},
      host_{"host-" + name_},
      previous_(at_once),
      series_(row.steps.size()) {
  for (unsigned number = 0; number < at_once; ++number) {
    netns_.push_back(pool.take().path());
  }
  plug_in(0, at_once);
  if (needs_switch()) {
    switch_ = std::make_unique<OpenVswitch>(host_, row.stage == Stage::vswitch);
    switch_->add_devices("port", 0, at_once);
  }
}

bool Cell::needs_switch() const {
  return row_.stage == Stage::database || row_.stage == Stage::vswitch;
}

void Cell::grow(unsigned attached, Progress& progress) {
  if (attached <= attached_) {
    return;
  }
  if (needs_switch()) {
    progress.tick(side_.name + " gets " + std::to_string(attached) + " ports");
    add_ports(attached_, attached);
  } else if (row_.stage == Stage::leases) {
    progress.tick(side_.name + " gets " + std::to_string(attached) + " leases");
    lease(attached_, attached);
  } else if (row_.steps.front().command == "ADD") {
    attach(attached_, attached, progress);
  }
  attached_ = attached;
}

/// In bulk: one by one would take ovs-vsctl an hour.
void Cell::add_ports(unsigned first, unsigned end) {
  switch_->add_devices("live", first, end);
  switch_->add_ports("live", first, end);
}

/// As files: one by one would take the reference hours.
void Cell::lease(unsigned first, unsigned end) {
  const std::string directory = "/var/lib/cni/networks/" + network_name(0);
  std::filesystem::create_directories(directory);
  for (unsigned number = first; number < end; ++number) {
    write_lease(directory, label_of_network(0), number);
  }
}

void Cell::plug_in(unsigned first, unsigned end) {
  for (unsigned number = first; row_.stage == Stage::devices && number < end; ++number) {
    add_device(host_, device_name(number));
  }
}

void Cell::attach(unsigned first, unsigned end, Progress& progress) {
  plug_in(at_once_ + first, at_once_ + end);
  const std::size_t together = row_.stage == Stage::vswitch ? kPortsTogether : kTogether;
  std::vector<Command> commands;
  for (unsigned number = first; number < end; ++number) {
    progress.tick(side_.name + " attaches " + std::to_string(number) + "/" + std::to_string(end));
    Attachment attachment = attachment_of(at_once_ + number);
    attachment.netns = pool_.take().path();
    commands.push_back(command_of(attachment, "ADD"));
    if (commands.size() == together || number + 1 == end) {
      const netns::ScopedNetns inside{host_.open()};
      (void)run(std::exchange(commands, {}));
    }
  }
}

void Cell::attach_more(unsigned count, Progress& progress) {
  attach(attached_, attached_ + count, progress);
  attached_ += count;
}

Sample Cell::collect() {
  attached_ = 0;
  const netns::ScopedNetns inside{host_.open()};
  return run({command_of(attachment_of(0), "GC")}).sample;
}

void Cell::await_deletions() {
  extra_.emplace_back("PATCHBAY_WAIT_FOR_DELETE=1");
}

std::string Cell::network_name(unsigned network) const {
  return name_ + "-" + std::to_string(network);
}

/// Those that come and go are in the first network, which is the fullest.
Attachment Cell::attachment_of(unsigned number) const {
  const unsigned network = number < at_once_ ? 0 : (number - at_once_) / row_.per_network;
  return {
      .side = side_,
      .row = row_,
      .network = network_name(network),
      .network_number = network,
      .number = number,
      .netns = {},
      .database = switch_ ? switch_->remote() : "",
      .previous = {}};
}

Command Cell::next(std::size_t step, unsigned number) {
  Attachment attachment = attachment_of(number);
  attachment.netns = netns_[number];
  attachment.previous = previous_[number];
  Command command = command_of(attachment, row_.steps[step].command);
  // The reference's CHECK wants the bridge's MAC address of the ADD, and that is its lowest port's.
  command.may_fail = side_.program == &Row::reference &&
                     attachment.row.steps[step].command == "CHECK" && at_once_ > 1;
  command.environment.insert(command.environment.end(), extra_.begin(), extra_.end());
  return command;
}

/// The result of ADD lives until DEL.
void Cell::remember(std::size_t step, unsigned number, std::string output) {
  const auto& command = row_.steps[step].command;
  if (command == "ADD") {
    previous_[number] = std::move(output);
  } else if (command == "DEL") {
    previous_[number].clear();
  }
}

Sample Cell::execute(std::size_t step) {
  std::vector<Command> commands;
  for (unsigned number = 0; number < at_once_; ++number) {
    commands.push_back(next(step, number));
  }
  const netns::ScopedNetns inside{host_.open()};
  Execution execution = run(commands);
  for (unsigned number = 0; number < at_once_; ++number) {
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

std::vector<Series> Cell::take_series() {
  return std::exchange(series_, std::vector<Series>(row_.steps.size()));
}

Namespace Cell::release() {
  switch_.reset();
  return std::move(host_);
}

}  // namespace patchbay::bench
