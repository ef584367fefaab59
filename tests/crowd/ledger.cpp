#include "crowd/ledger.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <sys/mman.h>

#include "base/ip.h"
#include "base/unique_fd.h"
#include "support/temp_directory.h"

namespace patchbay::test {

namespace {

constexpr std::size_t kMostAttachments = 4096;
constexpr const char* kFailures = "/run/crowd-failures";

class Locked {
 public:
  explicit Locked(pthread_mutex_t& mutex) : mutex_{mutex} { ::pthread_mutex_lock(&mutex_); }
  ~Locked() { ::pthread_mutex_unlock(&mutex_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  Locked(Locked&&) = delete;
  Locked& operator=(Locked&&) = delete;

 private:
  pthread_mutex_t& mutex_;
};

void make_shared_mutex(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutex_init(&mutex, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
}

/// The place of an address among those of its network: numbered networks lease no more.
std::size_t place_of(const std::string& address) {
  const IpAddr ip = IpPrefix::parse(address).address();
  return (ip.is_v6() ? 256U : 0U) + static_cast<std::size_t>(ip.value() & 0xff);
}

}  // namespace

struct Ledger::Shared {
  Counters counters{};
  std::array<pthread_mutex_t, kMostNetworks> mutexes{};
  std::array<std::atomic<bool>, kMostAttachments> valid{};
  /// By network and place_of(): the number of who holds it plus one, or 0.
  std::array<std::array<std::atomic<std::size_t>, 512>, kMostNetworks> holders{};
};

Ledger::Ledger(std::vector<Attachment> attachments) : attachments_{std::move(attachments)} {
  if (attachments_.size() > kMostAttachments) {
    throw std::invalid_argument{"a ledger of too many attachments"};
  }
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::runtime_error{"share memory: " + std::string{std::strerror(errno)}};
  }
  shared_ = new (memory) Shared;
  for (auto& mutex : shared_->mutexes) {
    make_shared_mutex(mutex);
  }
}

Ledger::~Ledger() {
  ::munmap(shared_, sizeof(Shared));
}

Ledger::Counters& Ledger::counters() {
  return shared_->counters;
}

void Ledger::announce(const Attachment& attachment) {
  const Locked no_gc{shared_->mutexes.at(attachment.network)};
  shared_->valid.at(attachment.number) = true;
}

void Ledger::withdraw(const Attachment& attachment) {
  shared_->valid.at(attachment.number) = false;
}

void Ledger::collect(
    std::size_t network, const std::function<void(const nlohmann::json& valid)>& gc) {
  const Locked nothing_new{shared_->mutexes.at(network)};
  auto valid = nlohmann::json::array();
  for (const auto& attachment : attachments_) {
    if (attachment.network == network && shared_->valid.at(attachment.number)) {
      valid.push_back({{"containerID", attachment.container_id}, {"ifname", attachment.ifname}});
    }
  }
  gc(valid);
  ++shared_->counters.collections;
}

void Ledger::hold(const Attachment& attachment, const std::vector<std::string>& addresses) {
  for (const auto& address : addresses) {
    auto& holder = shared_->holders.at(attachment.network).at(place_of(address));
    ++shared_->counters.handed_out;
    if (const auto other = holder.exchange(attachment.number + 1)) {
      report(
          address + " was given to " + attachment.container_id + " while " +
          attachments_.at(other - 1).container_id + " holds it");
    }
  }
}

void Ledger::let_go(const Attachment& attachment, const std::vector<std::string>& addresses) {
  for (const auto& address : addresses) {
    shared_->holders.at(attachment.network).at(place_of(address)) = 0;
  }
}

void Ledger::report(const std::string& failure) {
  const UniqueFd file{::open(kFailures, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  const std::string line = failure + "\n";
  (void)!::write(file.get(), line.data(), line.size());
  shared_->counters.stop = true;
}

std::string Ledger::failures() {
  return contents_of(kFailures);
}

}  // namespace patchbay::test
