#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "block_file.h"

namespace patchbay::hostlocal {

/// An open-addressing hash table in blocks 1 to blocks() of a BlockFile: 64-bit hashes, not
/// necessarily distinct, each with a value other than 0. No block's contents can make it run out
/// of bounds or for ever.
class SlotTable {
 public:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint64_t value = 0;  ///< 0: the slot is empty.
  };
  static constexpr std::uint32_t kFirstBlock = 1;

  /// An empty table of `blocks` blocks.
  SlotTable(BlockFile& file, std::uint32_t blocks) : file_{file}, blocks_{blocks} {}

  /// The table has `blocks` blocks, and `used` slots of it are in use.
  void resume(std::uint32_t blocks, std::uint64_t used);

  [[nodiscard]] std::uint32_t blocks() const noexcept { return blocks_; }
  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  /// True when another insert() has to wait for grow().
  [[nodiscard]] bool is_full() const;

  /// Every value under `hash`.
  [[nodiscard]] std::vector<std::uint64_t> find(std::uint64_t hash);
  void insert(Slot slot);
  /// False when there is no such slot.
  bool erase(Slot slot);
  /// Doubles the table; the blocks behind it, up to `file_size`, move up.
  void grow(std::uint32_t file_size);

 private:
  [[nodiscard]] std::uint64_t capacity() const;
  [[nodiscard]] std::uint64_t home(std::uint64_t hash) const;
  [[nodiscard]] std::uint64_t next(std::uint64_t position) const;
  [[nodiscard]] Slot get(std::uint64_t position);
  void put(std::uint64_t position, Slot slot);
  /// Where `slot` is, or the first empty position where it may go; nullopt when the table is full.
  [[nodiscard]] std::optional<std::uint64_t> locate(Slot slot);
  void close_gap(std::uint64_t gap);

  BlockFile& file_;
  std::uint32_t blocks_;
  std::uint64_t used_ = 0;
};

}  // namespace patchbay::hostlocal
