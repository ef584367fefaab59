#include "base/privilege.h"

#include <array>
#include <cerrno>
#include <unistd.h>
#include <utility>

#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/error.h"

namespace patchbay {

namespace {

/// The capability sets of this thread, in halves of 32 bits, as the kernel has them.
class Sets {
 public:
  Sets() { call(SYS_capget, "read the process's capabilities"); }

  void write() { call(SYS_capset, "give up capabilities that are not needed"); }

  void limit_effective(Capabilities kept) { limit(kept, &__user_cap_data_struct::effective); }
  void limit_all(Capabilities kept) {
    limit_effective(kept);
    limit(kept, &__user_cap_data_struct::permitted);
    limit(Capabilities{}, &__user_cap_data_struct::inheritable);
  }

 private:
  void call(long number, const char* what) {
    if (::syscall(number, &header_, halves_.data()) != 0) {
      throw SystemError{errno, what};
    }
  }
  void limit(Capabilities kept, __u32 __user_cap_data_struct::*set) {
    halves_[0].*set &= static_cast<__u32>(kept.bits());
    halves_[1].*set &= static_cast<__u32>(kept.bits() >> 32);
  }

  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> halves_{};
};

}  // namespace

/// AT_SECURE alone says nothing of root: security modules set it at transitions of their own.
bool is_elevated() noexcept {
  const bool other_ids = ::getuid() != ::geteuid() || ::getgid() != ::getegid();
  return other_ids || (::getauxval(AT_SECURE) != 0 && ::getuid() != 0);
}

std::string Capabilities::str() const {
  constexpr std::array<std::pair<Capability, const char*>, 4> kNames{{
      {Capability::dac_override, "CAP_DAC_OVERRIDE"},
      {Capability::fowner, "CAP_FOWNER"},
      {Capability::net_admin, "CAP_NET_ADMIN"},
      {Capability::sys_admin, "CAP_SYS_ADMIN"},
  }};
  std::string text;
  for (const auto& [capability, name] : kNames) {
    if ((bits_ & Capabilities{capability}.bits()) != 0) {
      text += (text.empty() ? "" : " ") + std::string{name};
    }
  }
  return text.empty() ? "none" : text;
}

void lower_capabilities(Capabilities kept) {
  Sets sets;
  sets.limit_effective(kept);
  sets.write();
}

/// The bounding set takes a system call for each capability; "no new privileges" says as much, for
/// whatever is executed, in one.
void drop_capabilities(Capabilities kept) {
  Sets sets;
  sets.limit_all(kept);
  sets.write();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) {
    throw SystemError{errno, "give up new privileges"};
  }
}

}  // namespace patchbay
