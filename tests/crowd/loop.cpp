#include "crowd/loop.h"

#include <csignal>
#include <stdexcept>
#include <unistd.h>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/unique_fd.h"

namespace patchbay::test {

namespace {

constexpr int kKilled = 128 + SIGKILL;

volatile std::sig_atomic_t target = -1;  // a pidfd, so that no other process can be meant
Ledger* book = nullptr;

void kill_target(int /*signal*/) {
  if (target >= 0 && ::syscall(SYS_pidfd_send_signal, target, SIGKILL, nullptr, 0) == 0) {
    ++book->counters().shots;
  }
}

class Target {
 public:
  explicit Target(pid_t pid) : pidfd_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))} {
    target = pidfd_.get();
  }
  ~Target() { target = -1; }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  Target(Target&&) = delete;
  Target& operator=(Target&&) = delete;

 private:
  UniqueFd pidfd_;
};

/// What plugins have left running to end by itself becomes this process's child.
void reap_what_has_ended() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

std::vector<std::string> addresses_in(const nlohmann::json& result) {
  std::vector<std::string> addresses;
  for (const auto& ip : result.at("ips")) {
    addresses.push_back(ip.at("address"));
  }
  return addresses;
}

}  // namespace

void accept_kills(Ledger& ledger) {
  book = &ledger;
  struct sigaction action {};
  action.sa_handler = kill_target;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
}

Loop::Loop(Ledger& ledger, const Manner& manner, std::span<const Attachment> attachments)
    : ledger_{ledger},
      manner_{manner},
      attachments_{attachments},
      random_{static_cast<unsigned>(attachments.empty() ? 0 : attachments.front().number)} {}

bool Loop::by_chance(unsigned one_in) {
  return random_() % one_in == 0;
}

Answer Loop::call(const std::string& command, const Attachment& at, const nlohmann::json& network) {
  Call call{
      .plugin = network.at("type"),
      .command = command,
      .container_id = at.container_id,
      .netns = at.netns,
      .ifname = at.ifname};
  if (!manner_.reference_directory.empty() && command != "GC" && by_chance(2)) {
    call.path = manner_.reference_directory + ":" + call.path;
  }
  RunningPlugin plugin{call, network.dump()};
  const Target aim{plugin.pid()};
  Answer answer = plugin.finish();
  ++ledger_.counters().calls;
  ledger_.counters().killed += answer.status == kKilled ? 1U : 0U;
  return answer;
}

void Loop::require_success(
    const Answer& answer, const std::string& command, const Attachment& attachment) const {
  if (!answer.ok()) {
    throw std::runtime_error{
        command + " of " + attachment.container_id + "/" + attachment.ifname + " on " +
        manner_.networks.at(attachment.network).at("name").get<std::string>() + ": exit status " +
        std::to_string(answer.status) + " " + answer.output + answer.errors};
  }
}

void Loop::insist(const std::string& command, const Attachment& at, const nlohmann::json& network) {
  Answer answer;
  do {
    answer = call(command, at, network);
  } while (answer.status == kKilled);
  require_success(answer, command, at);
}

void Loop::collect(std::size_t network) {
  ledger_.collect(network, [&](const nlohmann::json& valid) {
    nlohmann::json config = manner_.networks.at(network);
    config["cniVersion"] = "1.1.0";
    config["cni.dev/valid-attachments"] = valid;
    insist("GC", {.number = 0, .network = network}, config);
  });
}

void Loop::clean_up(const Attachment& attachment) {
  const bool leave_to_gc = by_chance(3);
  if (!leave_to_gc) {
    insist("DEL", attachment, manner_.networks.at(attachment.network));
  }
  ledger_.withdraw(attachment);
  if (leave_to_gc) {
    collect(attachment.network);
  }
}

Loop::Held Loop::attach(const Attachment& attachment) {
  while (true) {
    ledger_.announce(attachment);
    const Answer answer = call("ADD", attachment, manner_.networks.at(attachment.network));
    if (answer.status != kKilled) {
      require_success(answer, "ADD", attachment);
      const auto result = answer.json();
      ledger_.hold(attachment, addresses_in(result));
      return {&attachment, result, addresses_in(result)};
    }
    clean_up(attachment);
  }
}

void Loop::check(const Held& held) {
  nlohmann::json network = manner_.networks.at(held.attachment->network);
  network["prevResult"] = held.result;
  insist("CHECK", *held.attachment, network);
}

/// With the previous result, and without.
void Loop::detach(const Held& held) {
  nlohmann::json network = manner_.networks.at(held.attachment->network);
  if (by_chance(2)) {
    network["prevResult"] = held.result;
  }
  ledger_.let_go(*held.attachment, held.addresses);
  insist("DEL", *held.attachment, network);
  ledger_.withdraw(*held.attachment);
}

void Loop::run(std::size_t rounds) {
  for (std::size_t round = 0; round < rounds && !ledger_.counters().stop; ++round) {
    std::vector<Held> held;
    for (const auto& attachment : attachments_) {
      held.push_back(attach(attachment));
    }
    for (const auto& one : held) {
      check(one);
    }
    for (; !held.empty(); held.pop_back()) {
      detach(held.back());
    }
    ++ledger_.counters().rounds;
    reap_what_has_ended();
  }
}

void Loop::collect_garbage() {
  for (std::size_t turn = 0; !ledger_.counters().stop; ++turn) {
    collect(turn % manner_.networks.size());
    reap_what_has_ended();
  }
}

}  // namespace patchbay::test
