// Any bytes in host-local's directory of leases, and anybody at work there between two commands:
// Error is the worst that may come of it. No address is leased that somebody holds, none that is
// free is refused, and nobody's lease is lost.
//
// The input is a list of steps, each of a byte that chooses it and of what it takes.

#include <algorithm>
#include <array>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "base/state.h"
#include "fuzz/input.h"
#include "fuzz/scratch_directory.h"
#include "host-local/block_file.h"
#include "host-local/store.h"

namespace patchbay::hostlocal {
namespace {

using fuzz::attempt;
using fuzz::Input;
using fuzz::require;

constexpr std::uint32_t kLockTimeout_s = 1;
constexpr int kMostSteps = 50;  // more would only take longer
constexpr const char* kIndex = ".patchbay-index";
/// What no lease has in its place: the others are addresses, see name_in().
constexpr std::array<const char*, 5> kNames{
    kIndex, ".patchbay-draft", "last_reserved_ip.0", "lock", "readme"};
const std::array<Holder, 4> kHolders{
    {{"alice", "eth0"}, {"alice", "eth1"}, {"bob", "eth0"}, {"alice", ""}}};

using Leases = std::map<IpAddr, Lease>;

/// The search of ADD: two ranges, the second one of another page of the index.
std::vector<Span> walk() {
  static const std::vector<Span> spans{
      parse_span("10.1.0.1-10.1.0.9"), parse_span("10.1.255.250-10.2.0.3")};
  return spans;
}

bool is_in_walk(const IpAddr& address) {
  const auto spans = walk();
  return std::any_of(
      spans.begin(), spans.end(), [&](const Span& span) { return span.contains(address); });
}

IpAddr address_in(Input& input) {
  const std::uint8_t number = input.byte();
  switch (number % 4) {
    case 0:
      return {true, uint128{0xfd00} << 112 | number};
    case 1:
      return {false, uint128{number} << 24 | number};
    default:
      return {false, parse_span("10.1.0.0/16").first.value() + number / 16};
  }
}

const Holder& holder_in(Input& input) {
  return kHolders.at(input.byte() % kHolders.size());
}

std::string name_in(Input& input) {
  const std::uint8_t number = input.byte();
  return number < kNames.size() ? kNames.at(number) : address_in(input).str();
}

bool same(const Lease& a, const Lease& b) {
  return a.state == b.state && a.holder == b.holder;
}

/// Alice, her host's disk, and everybody else with access to it.
class World {
 public:
  explicit World(std::string path) : path_{std::move(path)} {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    std::filesystem::create_directory(path_);
  }

  void allocate(Input& input);
  void reserve(Input& input);
  void release(Input& input);
  void collect(Input& input);
  void restart(Input& input);
  void write(Input& input);
  void overwrite(Input& input);
  void forge(Input& input);
  void obstruct(Input& input);
  void remove(Input& input);

 private:
  [[nodiscard]] Store open() const { return {Directory::ensure(path_), kLockTimeout_s, boot_}; }
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] Leases leases() const;
  void require_only(const Leases& before, const std::optional<IpAddr>& leased, const Holder& to);

  std::string path_;
  Boot boot_{"boot", 0, 0};
  bool forged_ = false;  ///< The index may lie, and nothing shows it.
};

Leases World::leases() const {
  Leases leases;
  const UniqueFd directory = state::find_directory(path_);
  for (const auto& entry : std::filesystem::directory_iterator{path_}) {
    const std::string name = entry.path().filename();
    const auto address = IpAddr::find(name);
    if (address && address->str() == name) {
      leases[*address] = read_lease(directory.get(), name);
    }
  }
  return leases;
}

bool is_free(const Leases& leases, const IpAddr& address) {
  const auto found = leases.find(address);
  return found == leases.end() || found->second.state == Lease::State::worthless;
}

/// What was there before is there still, and nothing else is but what was `leased`.
void World::require_only(
    const Leases& before, const std::optional<IpAddr>& leased, const Holder& to) {
  Leases after = leases();
  if (leased) {
    require(is_free(before, *leased), "an address is leased that was free");
    require(
        same(after[*leased], {.state = Lease::State::held, .holder = to}),
        "and it is noted to whom");
    after.erase(*leased);
  }
  for (const auto& [address, lease] : before) {
    require(
        (leased && address == *leased) ||
            (after.count(address) != 0 && same(after[address], lease)),
        "nobody else's lease changes");
    after.erase(address);
  }
  require(after.empty(), "nothing else is leased");
}

void World::allocate(Input& input) {
  const Holder& holder = holder_in(input);
  Store store = open();
  const Leases before = leases();
  std::optional<IpAddr> address;
  const bool done = attempt([&] { address = store.allocate(walk(), holder); });
  require_only(before, address, holder);
  require(!address || is_in_walk(*address), "an address is out of the range");
  for (const Span& span : walk()) {
    for (IpAddr at = span.first; done && !address && at <= span.last;
         at = {false, at.value() + 1}) {
      require(!is_free(before, at), "what is free can be leased");
    }
  }
  attempt([&] { store.set_last_reserved(0, address.value_or(walk().front().first)); });
  (void)store.last_reserved(0);
}

void World::reserve(Input& input) {
  const IpAddr address = address_in(input);
  const Holder& holder = holder_in(input);
  Store store = open();
  const Leases before = leases();
  bool reserved = false;
  const bool done = attempt([&] { reserved = store.reserve(address, holder); });
  require_only(before, reserved ? std::optional{address} : std::nullopt, holder);
  require(!done || reserved == is_free(before, address), "whoever asks for a free address gets it");
}

/// As DEL does it.
void World::release(Input& input) {
  const Holder& holder = holder_in(input);
  Store store = open();
  Leases before = leases();
  const auto found = store.find(holder);
  for (const IpAddr& address : found) {
    require(
        same(before[address], {.state = Lease::State::held, .holder = holder}),
        "what a holder is said to have it has");
    store.release(address, holder);
    before.erase(address);
  }
  require_only(before, {}, holder);
  const bool left = std::any_of(before.begin(), before.end(), [&](const auto& one) {
    return one.second.state == Lease::State::held && one.second.holder == holder;
  });
  require(forged_ || !left, "DEL frees everything that a holder has");
}

void World::collect(Input& input) {
  const std::uint8_t kept = input.byte();
  const auto keep = [&](const Holder& holder) {
    const auto* found = std::find(kHolders.begin(), kHolders.end(), holder);
    return found != kHolders.end() && (kept >> (found - kHolders.begin()) & 1) != 0;
  };
  Store store = open();
  Leases expected = leases();
  std::erase_if(expected, [&](const auto& one) {
    const Lease& lease = one.second;
    return lease.state == Lease::State::worthless ||
           (lease.state == Lease::State::held && !keep(lease.holder));
  });
  store.collect(keep);
  require_only(expected, {}, {});
  forged_ = false;  // it was made anew
}

/// The machine starts again; all that is leased is from before.
void World::restart(Input& input) {
  boot_.id = "boot " + std::to_string(input.byte());
  boot_.began = static_cast<double>(::time(nullptr)) + input.byte();
}

/// As other programs do: a file that is there is not written to but replaced.
void World::write(Input& input) {
  const std::string name = name_in(input);
  const std::uint8_t kind = input.byte();
  (void)::unlink(path_of(name).c_str());
  if (kind < kHolders.size()) {
    fuzz::write_file(path_of(name), lease_text(kHolders.at(kind)));
  } else {
    fuzz::write_file(path_of(name), input.bytes(input.word()));
  }
}

/// The directory keeps its time, so the index seems to be up to date.
void World::overwrite(Input& input) {
  const UniqueFd file{
      ::open(path_of(kIndex).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  const auto offset = static_cast<off_t>(input.word());
  const auto bytes = input.bytes(input.byte());
  if (file) {
    (void)!::pwrite(file.get(), bytes.data(), bytes.size(), offset);
  }
}

/// The same with a checksum that is right.
void World::forge(Input& input) {
  UniqueFd file{::open(path_of(kIndex).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  BlockFile blocks{std::move(file)};
  const std::uint32_t number = input.byte() % 5;
  std::uint64_t value = input.word();
  value = value << 48 | value >> 8;
  (void)blocks.read(0);  // so that block 0 is not made
  blocks.change(number).at(input.byte()) ^= value;
  forged_ = blocks.save() || forged_;
}

/// Something that is no file.
void World::obstruct(Input& input) {
  const std::string path = path_of(name_in(input));
  switch (input.byte() % 4) {
    case 0:
      (void)::mkdir(path.c_str(), 0755);
      break;
    case 1:
      (void)!::symlink("10.1.0.1", path.c_str());
      break;
    case 2:
      (void)::mkfifo(path.c_str(), 0600);
      break;
    default:
      (void)::chmod(path.c_str(), 0);
  }
}

void World::remove(Input& input) {
  std::error_code ignored;
  std::filesystem::remove(path_of(name_in(input)), ignored);
}

constexpr std::array kSteps{
    &World::allocate,
    &World::reserve,
    &World::release,
    &World::collect,
    &World::restart,
    &World::write,
    &World::overwrite,
    &World::forge,
    &World::obstruct,
    &World::remove};

}  // namespace
}  // namespace patchbay::hostlocal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  static const fuzz::ScratchDirectory directory;
  hostlocal::World world{directory.path() + "/net"};
  fuzz::Input input{data, size};
  for (int steps = 0; steps < hostlocal::kMostSteps && !input.empty(); ++steps) {
    const auto step = hostlocal::kSteps.at(input.byte() % hostlocal::kSteps.size());
    fuzz::attempt([&] { (world.*step)(input); });
  }
  return 0;
}
