#pragma once

#include "cni/plugin.h"

namespace patchbay::hostlocal {

/// The plugin, as its executable runs it.
const cni::Plugin& plugin();

/// The plugin for use within another one's process. Defined in a file that the build makes.
const cni::LinkedPlugin& linked();

}  // namespace patchbay::hostlocal
