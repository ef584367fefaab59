#pragma once

#include <string>

#include "cni/result.h"

namespace patchbay::hostlocal {

/// Reads a file in the format of resolv.conf(5): nameserver, domain, search and options; anything
/// else, comments included, is passed over. Throws Error{invalid_config} naming ipam.resolvConf
/// when there is no such file or it holds something that a result cannot carry, and SystemError
/// when it cannot be read.
cni::Dns read_resolv_conf(const std::string& path);

}  // namespace patchbay::hostlocal
