#include "attach/masquerade.h"

#include "base/error.h"
#include "base/log.h"
#include "ipam/verify.h"

namespace patchbay::attach {

void Masquerade::declare(cni::Keys& keys) {
  keys.flag("ipMasq", enabled, "masquerade what leaves for outside the container's subnet");
  keys.choice(
      "ipMasqBackend",
      backend,
      {"", "iptables", "nftables"},
      "accepted for compatibility: nftables always serves it");
}

void Masquerade::add(const Owner& owner, const cni::Result& result) const {
  if (!enabled) {
    return;
  }
  if (backend == "iptables") {
    log::warn("ipMasqBackend 'iptables' is served by nftables, continuing");
  }
  nft::Connection connection;
  for (const auto& ip : result.ips) {
    nft::add_masquerade(connection, owner, ip.address);
  }
}

void Masquerade::undo(nft::Connection& connection, const Owner& owner) const {
  if (enabled) {
    nft::remove_masquerade(connection, owner);
  }
}

void Masquerade::remove(nft::Connection& connection, const cni::Attachment& attachment) const {
  const auto addresses = ipam::container_addresses(attachment);
  if (addresses.empty()) {
    undo(connection, attachment.owner());
  } else if (enabled) {
    nft::remove_masquerade(connection, attachment.owner(), addresses);
  }
}

void Masquerade::remove_if(
    nft::Connection& connection, const std::function<bool(const std::string&)>& stale) const {
  if (enabled) {
    nft::remove_masquerade_if(connection, stale);
  }
}

void Masquerade::check(const cni::Attachment& attachment) const {
  if (!enabled) {
    return;
  }
  nft::Connection connection;
  for (const auto& address : ipam::container_addresses(attachment)) {
    nft::check_masquerade(connection, attachment.owner(), address);
  }
}

void require_nftables() {
  try {
    nft::Connection connection;
    nft::require_support(connection);
  } catch (const Error& e) {
    throw Error{
        ErrorCode::plugin_not_available, std::string{"nftables is not available: "} + e.what()};
  }
}

}  // namespace patchbay::attach
