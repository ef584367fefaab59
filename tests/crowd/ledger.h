#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <pthread.h>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace patchbay::test {

/// One interface of one container on one network.
struct Attachment {
  std::size_t number;   ///< Its place in Ledger::attachments().
  std::size_t network;  ///< The network's number.
  std::string container_id{};
  std::string netns{};
  std::string ifname{};
};

/// What the processes of a crowd know together. To be made before they are forked: what changes is
/// in memory that they share.
class Ledger {
 public:
  static constexpr std::size_t kMostNetworks = 64;

  explicit Ledger(std::vector<Attachment> attachments);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  Ledger(Ledger&&) = delete;
  Ledger& operator=(Ledger&&) = delete;

  [[nodiscard]] const std::vector<Attachment>& attachments() const { return attachments_; }

  /// Puts an attachment on the list of valid ones, from before its ADD until withdraw(). Waits
  /// while a GC is at work on its network: that GC would not know it.
  void announce(const Attachment& attachment);
  void withdraw(const Attachment& attachment);
  /// Calls `gc` with the list ("cni.dev/valid-attachments") of one network. Attachments that are on
  /// it may come and go meanwhile, new ones have to wait.
  void collect(std::size_t network, const std::function<void(const nlohmann::json& valid)>& gc);

  /// Notes that an ADD has answered with these addresses. Reports each one that somebody else
  /// holds.
  void hold(const Attachment& attachment, const std::vector<std::string>& addresses);
  /// Notes that DEL is about to begin.
  void let_go(const Attachment& attachment, const std::vector<std::string>& addresses);

  /// A failure: it is kept, and everybody stops.
  void report(const std::string& failure);
  [[nodiscard]] static std::string failures();

  struct Counters {
    std::atomic<bool> stop;
    std::atomic<std::size_t> rounds, calls, shots, killed, collections, sweeps, handed_out;
  };
  Counters& counters();

 private:
  struct Shared;

  std::vector<Attachment> attachments_;
  Shared* shared_;
};

}  // namespace patchbay::test
