#pragma once

#include <random>
#include <span>
#include <string>
#include <vector>

#include "crowd/ledger.h"
#include "support/run_plugin.h"

namespace patchbay::test {

/// How the processes of a crowd work.
struct Manner {
  std::vector<nlohmann::json> networks;  ///< By number.
  std::string reference_directory{};     ///< Half of the calls find IPAM plugins here; "": none.
};

/// One runtime in a crowd, in a process of its own: attaches, checks and detaches its attachments,
/// round for round. Its plugins are killed by SIGUSR1 to this process. What was killed while it
/// attached is cleaned up by DEL or, by chance, left to GC.
class Loop {
 public:
  /// All of them have to outlive it.
  Loop(Ledger& ledger, const Manner& manner, std::span<const Attachment> attachments);

  void run(std::size_t rounds);
  /// GC of every network in turns, until the ledger says stop.
  void collect_garbage();
  /// GC of one network.
  void collect(std::size_t network);

 private:
  struct Held {
    const Attachment* attachment;
    nlohmann::json result;
    std::vector<std::string> addresses;
  };

  Answer call(const std::string& command, const Attachment& at, const nlohmann::json& network);
  /// The same, once more after each kill.
  void insist(const std::string& command, const Attachment& at, const nlohmann::json& network);
  void require_success(
      const Answer& answer, const std::string& command, const Attachment& attachment) const;
  Held attach(const Attachment& attachment);
  void check(const Held& held);
  void detach(const Held& held);
  void clean_up(const Attachment& attachment);
  bool by_chance(unsigned one_in);

  Ledger& ledger_;
  const Manner& manner_;
  std::span<const Attachment> attachments_;
  std::mt19937 random_;
};

/// Lets SIGUSR1 kill the plugin that this process, or one forked from it, is waiting for, if any.
void accept_kills(Ledger& ledger);

}  // namespace patchbay::test
