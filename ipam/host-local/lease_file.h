#pragma once

#include <string>

#include "lease.h"

namespace patchbay::hostlocal {

/// What stands under an address's name.
struct Lease {
  enum class State {
    absent,
    worthless,  ///< An empty or torn file: the address is free.
    held,
    foreign,     ///< Something that is no lease: the address is not ours.
    unreadable,  ///< Nobody can tell; `error` says why.
  };

  State state = State::absent;
  Holder holder{};        ///< When held.
  double modified_s = 0;  ///< Seconds since the epoch; when held.
  int error = 0;          ///< errno; when unreadable.
};

/// `directory` is a descriptor, here and below.
Lease read_lease(int directory, const std::string& name);

/// Creates a lease, whole or not at all: it is written under another name, which a process that is
/// killed may leave behind. The caller holds the directory's lock. 0, or the errno: EEXIST when
/// the name is taken.
int create_lease(int directory, const std::string& name, const Holder& holder);
/// The same, in the place of whatever file is there.
int replace_lease(int directory, const std::string& name, const Holder& holder);
/// Removes what a killed process has left.
void remove_draft(int directory);

}  // namespace patchbay::hostlocal
