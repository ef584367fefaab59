#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nft/batch.h"

/// Tables, chains and rules of our own table.
namespace patchbay::nft {

/// Adds the table unless it is there.
void add_table(Batch& batch);

/// Where a base chain is hooked in.
struct Hook {
  std::string_view type;  ///< "nat", "filter"
  std::uint32_t number;   ///< NF_INET_*, NF_BR_*
  int priority;
};

/// Adds a chain that must not exist yet: the transaction fails with EEXIST otherwise.
void add_base_chain(Batch& batch, std::string_view name, const Hook& hook);
void add_chain(Batch& batch, std::string_view name);

/// Appends a rule; `expressions` fills it.
void add_rule(Batch& batch, std::string_view chain, const Fill& expressions);

/// A chain and the number of rules it was made with.
struct ChainPromise {
  Family family;
  std::string_view chain;
  std::size_t rules;
  std::string_view
      reached_from{};  ///< The chain with a rule that leads here; empty for a base chain.
};
/// Throws Error{check_failed} when the chain has fewer rules, or no rule leads to it: somebody has
/// flushed it, or the other.
void require_rules(Connection& connection, const ChainPromise& promise);

}  // namespace patchbay::nft
