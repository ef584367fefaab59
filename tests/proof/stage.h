#pragma once

#include <memory>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "ovsdb/daemons.h"
#include "proof/subjects.h"
#include "proof/tracer.h"

namespace patchbay::test {

enum class Command { add, check, del, gc };

/// The host (see HostTest) on which one subject works, with the container c1.
class Stage {
 public:
  /// The host and c1's namespace have to be there. Prepares what the subject needs.
  explicit Stage(const Subject& subject);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  Stage(Stage&&) = delete;
  Stage& operator=(Stage&&) = delete;
  ~Stage();

  /// Whether the subject is `patchbay`.
  [[nodiscard]] bool is_runner() const;

  /// The command for the attachment of c1, or GC of the whole network: nothing of it is valid. An
  /// ADD that succeeds is remembered: its result is handed to the other commands, as runtimes do,
  /// until a DEL or GC succeeds.
  Execution run(Command command, const Judge& judge = nullptr);

  /// Everything that could be left behind, when all processes that were left have ended: dump(),
  /// the same of c1, /run, the database of Open vSwitch, processes.
  std::string state();
  /// The same, without what is there for the next container too: the links that the subject shares,
  /// tables, chains and sets of nftables, forwarding, the directories of leases, cache and records,
  /// and their locks.
  std::string state_without_shared();

  /// Makes the host what it was before the first attachment.
  void clear();

 private:
  [[nodiscard]] Call call_of(Command command) const;
  [[nodiscard]] std::string input_of(Command command) const;
  [[nodiscard]] bool is_shared(const std::string& line) const;
  void start_switch();
  [[nodiscard]] std::string database() const;

  const Subject& subject_;
  nlohmann::json network_;
  std::unique_ptr<OvsdbServer> server_;
  std::unique_ptr<Daemon> vswitchd_;
  std::unique_ptr<Tracer> tracer_;
  std::string plugin_path_;
  std::string result_;
  std::set<std::string> links_;  ///< Before the first attachment.
};

}  // namespace patchbay::test
