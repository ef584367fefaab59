#pragma once

#include "base/undo_log.h"
#include "cni/plugin.h"
#include "config.h"
#include "netlink/link.h"
#include "nft/batch.h"

/// One container's port of the bridge.
namespace patchbay::bridge {

/// What ADD works with.
struct Site {
  const cni::Attachment& attachment;
  const Config& config;
  nl::Socket& host;
  nl::Socket& container;
};

/// Hairpin, isolation and VLANs of `port`.
void configure_port(const Site& site, const nl::Link& bridge, const nl::Link& port);

/// With macspoofchk, lets only frames from the address of `far`, the container's end, in.
void guard_port(const Site& site, const nl::Link& port, const nl::Link& far, UndoLog& undo);
/// DEL's part: by the names and the address of the previous result, and by the owner's mark when
/// that does not tell.
void unguard_port(nft::Connection& connection, const cni::Attachment& attachment);

/// Waits until `port` and `far`, the container's end, carry frames.
void await_port(const Site& site, const nl::Link& port, const nl::Link& far);

/// The bridge as it is now. One that nobody gave an address takes that of a port, and another one
/// when ports come and go, which breaks its neighbours' ARP entries: its address is then set to
/// what it was in `before`, and so stays.
nl::Link keep_mac(const Site& site, const nl::Link& before);

}  // namespace patchbay::bridge
