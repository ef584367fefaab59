#pragma once

#include <vector>

#include "base/undo_log.h"
#include "cni/plugin.h"
#include "netlink/link.h"

namespace patchbay::attach {

/// The link of the host that is to have the gateway addresses of `result`.
struct GatewaySpec {
  nl::Socket& host;
  const nl::Link& link;
  const cni::Result& result;
};

/// The keys isGateway, isDefaultGateway and forceAddress, and what follows from them.
struct Gateway {
  bool is_gateway = false;
  bool is_default = false;
  bool force = false;

  void declare(cni::Keys& keys);
  [[nodiscard]] bool enabled() const { return is_gateway || is_default; }

  /// Completes `result` where the host is the gateway: an address without gateway gets the first of
  /// its subnet, and isDefaultGateway adds default routes.
  void complete(cni::Result& result) const;
  /// Gives the link the gateway addresses and lets the host route. A different address in the way
  /// is Error{invalid_config}, or replaced with forceAddress; `undo` then gets the way back. Safe
  /// beside other ADDs.
  void ensure(const GatewaySpec& spec, UndoLog& undo) const;
  /// CHECK: the link `name` has the gateways of the previous result, and the host routes.
  void check(nl::Socket& host, const IfName& name, const cni::Attachment& attachment) const;
};

/// Lets the host forward packets of one family.
void ensure_forwarding(nl::Socket& host, bool v6);
/// Throws Error{check_failed} when the host does not forward that family.
void require_forwarding(nl::Socket& host, bool v6);

/// The gateway addresses of `result`, with their prefix lengths.
std::vector<IpPrefix> gateways_of(const cni::Result& result);

}  // namespace patchbay::attach
