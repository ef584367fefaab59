#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

/// What this process may do because of who executes it, or of what.
namespace patchbay {

/// True when the executable file gives this process what its caller does not have: by
/// set-user-ID, set-group-ID or file capabilities. The environment, which says what to execute and
/// where to write, is then that of somebody who may do less than the process.
bool is_elevated() noexcept;

/// What is said of it.
inline constexpr const char* kElevated =
    "executable: must not have set-user-ID, set-group-ID or file capabilities, because whoever "
    "executes it says what it executes itself";

/// Those of capabilities(7) that anything here needs, by their numbers.
enum class Capability : unsigned {
  dac_override = 1,  ///< Files and sockets of other users.
  fowner = 3,        ///< Times of files and directories of other users.
  net_admin = 12,
  sys_admin = 21,  ///< To enter a network namespace; to load a BPF program and to find one.
};

/// Some of them.
class Capabilities {
 public:
  constexpr Capabilities() = default;
  constexpr Capabilities(std::initializer_list<Capability> all) {
    for (const auto one : all) {
      bits_ |= std::uint64_t{1} << static_cast<unsigned>(one);
    }
  }
  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr Capabilities operator|(Capabilities other) const noexcept {
    other.bits_ |= bits_;
    return other;
  }
  /// "CAP_NET_ADMIN CAP_SYS_ADMIN"; "none".
  [[nodiscard]] std::string str() const;

 private:
  std::uint64_t bits_ = 0;
};

/// Of what this thread has, only `kept` remains in effect. What it executes gets what it would have
/// got without. Throws SystemError.
void lower_capabilities(Capabilities kept);

/// Of what this thread has, only `kept` remains, for good: no program that it executes gets more
/// either. Throws SystemError.
void drop_capabilities(Capabilities kept);

}  // namespace patchbay
