#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/owner.h"
#include "nft/batch.h"

namespace patchbay::nft {

/// An element of a set. Its comment, which `nft list` shows, is the owner's label.
struct Element {
  std::string key;    ///< Raw bytes, network order.
  std::string label;  ///< Owner::label(); empty when the element carries no comment.
};

/// A named set whose elements belong to attachments.
class OwnedSet {
 public:
  OwnedSet(Connection& connection, Family family, std::string name)
      : connection_{connection},
        family_{family},
        name_{std::move(name)} {}

  /// Adds `element` in one transaction; one with the same key that is there already is replaced.
  /// False when the set does not exist.
  bool add(const Element& element);
  /// Nullopt when there is no element with `key`, or no set.
  std::optional<Element> find(std::string_view key);
  /// All elements; empty when there is no set. One that comes or goes meanwhile may be among them
  /// or not; where many do, an element may be listed twice.
  std::vector<Element> list();
  /// Removes the element with `key`, provided that `label` is its comment. Somebody else's stays.
  /// False when there was none of ours.
  bool remove(std::string_view key, std::string_view label);
  /// Removes every element that `stale` chooses, found by dumps, many in one transaction.
  void remove_if(const std::function<bool(const Element&)>& stale);

 private:
  std::vector<Element> choose(const std::function<bool(const Element&)>& stale);
  void remove_all(std::span<const Element> elements);
  nl::Refusal commit_removal(std::span<const Element> elements);

  Connection& connection_;
  Family family_;
  std::string name_;
};

/// The names of all sets in our table; empty when there is no table.
std::vector<std::string> list_sets(Connection& connection, Family family);

}  // namespace patchbay::nft
