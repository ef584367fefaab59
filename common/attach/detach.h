#pragma once

#include <functional>
#include <string>

#include "cni/plugin.h"
#include "netlink/veth.h"
#include "nft/batch.h"

/// What the plugins share that attach a container by a veth pair.
namespace patchbay::attach {

/// What a plugin has in nftables, besides the veth pair and the address.
struct Rules {
  bool any = false;  ///< False: nftables is not even asked.
  std::function<void(nft::Connection&)> remove{};
};

/// Deletes routes through the host's end of a pair that is about to go.
using Unroute = std::function<void(nl::Socket& host, const nl::Link& near)>;

/// DEL: has the kernel delete the pair, removes the rules meanwhile, and lets the IPAM plugin
/// `ipam` (none when empty) give the address away when nobody can use it any more. Returns when all
/// of it is gone. Everything is attempted; what is gone already, the namespace included, is no
/// failure. Throws one Error for all failures.
void detach(
    const cni::Attachment& attachment,
    const std::string& ipam,
    const Rules& rules,
    const Unroute& unroute = [](nl::Socket&, const nl::Link&) {});

/// Tells the labels of stale attachments.
using IsStale = std::function<bool(const std::string& label)>;

struct StaleRules {
  bool any = false;
  std::function<void(nft::Connection&, const IsStale&)> remove{};
};

/// GC: the same for every attachment of the network that is not valid.
void collect(
    const cni::Network& network,
    const cni::ValidAttachments& valid,
    const std::string& ipam,
    const StaleRules& rules);

/// The host's end of the container's interface, by our mark; when it carries none, because another
/// implementation made it, by being the other end of CNI_IFNAME. Nullopt when there is none, or
/// when it is marked as somebody else's.
std::optional<nl::Link> find_host_end(nl::Socket& host, const cni::Attachment& attachment);

}  // namespace patchbay::attach
