#include "attach/detach.h"

#include "base/best_effort.h"
#include "base/log.h"
#include "ipam/delegate.h"
#include "netlink/deletion.h"

namespace patchbay::attach {

namespace {

/// The host's kernel says so; what a container shows in its namespace may be anything.
bool is_peer_in(nl::Socket& host, const nl::Link& near, const netns::Netns& container) {
  return near.peer && near.peer_nsid && near.peer_nsid == nl::find_nsid(host, container);
}

/// The container's end of `near`, when it is still in the container's namespace.
std::optional<nl::PairDeletion::OtherEnd> find_other_end(
    nl::Socket& host, const cni::Attachment& attachment, const nl::Link& near) {
  if (!attachment.netns || !is_peer_in(host, near, *attachment.netns)) {
    return std::nullopt;
  }
  return nl::PairDeletion::OtherEnd{*attachment.netns, *near.peer};
}

/// False when ADD has reported links of the host and this one is none of them: then the namespace
/// is not the one that ADD was done for.
bool may_be_reported(const cni::Attachment& attachment, const nl::Link& near) {
  bool any = false;
  bool found = false;
  for (const auto& interface :
       attachment.previous ? attachment.previous->interfaces : std::vector<cni::Interface>{}) {
    any = any || interface.sandbox.empty();
    found = found || (interface.sandbox.empty() && interface.name == near.name.str());
  }
  return found || !any;
}

/// An unmarked pair of another implementation, one end of which is the container's CNI_IFNAME.
std::optional<nl::Link> find_unmarked(nl::Socket& host, const cni::Attachment& attachment) {
  nl::Socket container = nl::Socket::in(*attachment.netns);
  const auto far = nl::find_link(container, attachment.ifname);
  if (!far || far->kind != "veth" || !far->peer) {
    return std::nullopt;
  }
  auto near = nl::find_link(host, *far->peer);
  const bool is_pair = near && near->kind == "veth" && near->peer == far->index &&
                       is_peer_in(host, *near, *attachment.netns);
  if (!is_pair || nl::owner_of(near->alias) || !may_be_reported(attachment, *near)) {
    return std::nullopt;
  }
  return near;
}

void delete_stale_links(const cni::Network& network, const cni::ValidAttachments& valid) {
  nl::Socket host;
  auto links = nl::list_links(host);
  std::erase_if(links, [&](const nl::Link& link) {
    const auto label = nl::label_of(link.alias);
    return link.kind != "veth" || !is_label_of_network(label, network.name) ||
           valid.contains_label(label);
  });
  if (!links.empty()) {
    nl::delete_links(host, links);
  }
}

}  // namespace

std::optional<nl::Link> find_host_end(nl::Socket& host, const cni::Attachment& attachment) {
  auto marked = nl::find_veth(host, attachment.owner());
  return marked || !attachment.netns ? marked : find_unmarked(host, attachment);
}

void detach(
    const cni::Attachment& attachment,
    const std::string& ipam,
    const Rules& rules,
    const Unroute& unroute) {
  BestEffort teardown;
  std::optional<nft::Connection> connection;
  nl::Socket host;
  std::optional<nl::PairDeletion> deletion;

  const auto connect = [&] {
    if (rules.any) {
      connection.emplace();
    }
  };
  const auto begin_deletion = [&] {
    if (const auto near = find_host_end(host, attachment)) {
      unroute(host, *near);
      const int kept_open = connection ? connection->fd() : -1;
      deletion.emplace(host, near->index, find_other_end(host, attachment, *near), kept_open);
    }
  };
  const auto remove_rules = [&] {
    if (connection) {
      rules.remove(*connection);
    }
  };
  ipam::release_after(teardown, attachment.network, ipam, [&] {
    log::phase("links");
    teardown.attempt("remove nftables elements", connect);
    teardown.attempt("delete the veth pair", begin_deletion);
    log::phase("rules");
    teardown.attempt("remove nftables elements", remove_rules);
    log::phase("links unlisted");
    teardown.attempt("delete the veth pair", [&] {
      if (deletion) {
        deletion->wait_until_unlisted();
      }
    });
  });
  log::phase("links gone");
  teardown.attempt("delete the veth pair", [&] {
    if (deletion) {
      deletion->wait();
    }
  });
  teardown.finish();
}

void collect(
    const cni::Network& network,
    const cni::ValidAttachments& valid,
    const std::string& ipam,
    const StaleRules& rules) {
  BestEffort teardown;
  teardown.attempt("delete stale links", [&] { delete_stale_links(network, valid); });
  teardown.attempt("remove stale nftables elements", [&] {
    if (rules.any) {
      nft::Connection connection;
      rules.remove(connection, [&](const std::string& label) {
        return is_label_of_network(label, network.name) && !valid.contains_label(label);
      });
    }
  });
  teardown.attempt("release stale addresses", [&] { ipam::run(network, ipam, "GC"); });
  teardown.finish();
}

}  // namespace patchbay::attach
