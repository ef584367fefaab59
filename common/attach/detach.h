#pragma once

#include <functional>
#include <string>

#include "cni/plugin.h"
#include "netlink/veth.h"

/// What the plugins share that attach a container by a veth pair.
namespace patchbay::attach {

/// DEL: deletes the pair, calls `remove_rules` (nftables), and only then lets the IPAM plugin
/// `ipam` (none when empty) give the address away. Everything is attempted; what is gone already,
/// the namespace included, is no failure. Throws one Error for all failures.
void detach(
    const cni::Attachment& attachment,
    const std::string& ipam,
    const std::function<void()>& remove_rules);

/// Calls back with a predicate that tells the labels of stale attachments.
using RemoveStaleRules =
    std::function<void(const std::function<bool(const std::string& label)>& stale)>;

/// GC: the same for every attachment of the network that is not valid.
void collect(
    const cni::Network& network,
    const cni::ValidAttachments& valid,
    const std::string& ipam,
    const RemoveStaleRules& remove_rules);

/// The host's end of the container's interface, by our mark; when it carries none, because another
/// implementation made it, by being the other end of CNI_IFNAME. Nullopt when there is none, or
/// when it is marked as somebody else's.
std::optional<nl::Link> find_host_end(nl::Socket& host, const cni::Attachment& attachment);

}  // namespace patchbay::attach
