#pragma once

#include <functional>
#include <string>

#include "cni/plugin.h"
#include "nft/masquerade.h"

namespace patchbay::attach {

/// The keys ipMasq and ipMasqBackend, and what follows from them in every verb.
struct Masquerade {
  bool enabled = false;
  std::string backend{};

  void declare(cni::Keys& keys);
  /// Masquerades every address of `result`; nothing when not enabled, as in all that follows.
  void add(const Owner& owner, const cni::Result& result) const;
  /// Undoes add(), by the owner's mark.
  void undo(nft::Connection& connection, const Owner& owner) const;
  /// By the addresses of the previous result, or by the owner's mark when there is none.
  void remove(nft::Connection& connection, const cni::Attachment& attachment) const;
  void remove_if(
      nft::Connection& connection,
      const std::function<bool(const std::string& label)>& stale) const;
  void check(const cni::Attachment& attachment) const;
};

/// STATUS: throws Error{plugin_not_available} when nf_tables does not answer.
void require_nftables();

}  // namespace patchbay::attach
