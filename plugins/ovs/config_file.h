#pragma once

#include <string>

#include "cni/config.h"

namespace patchbay::ovs {

/// `config` with what it leaves open taken from a file, as ovs-cni does it: the first that exists
/// of `path`, /etc/kubernetes/cni/net.d/ovs.d/ovs.conf and /etc/cni/net.d/ovs.d/ovs.conf. A value
/// counts as left open when it is absent, null, false, 0 or empty; objects are completed member by
/// member. Throws Error{decoding_failure} naming the file, Error{invalid_config} when `path` is not
/// absolute, SystemError when the file cannot be read.
cni::Config completed(const cni::Config& config, const std::string& path);

}  // namespace patchbay::ovs
