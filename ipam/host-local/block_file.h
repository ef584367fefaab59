#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/unique_fd.h"

namespace patchbay::hostlocal {

/// A file of checksummed blocks, of which only those that are asked for are read and only those
/// that were changed are written. Read and written, never mapped: a full disk or a file cut short
/// by somebody else is then an answer and not a signal.
///
/// A block that is absent or damaged reads as zeros and is remembered by damaged(): ask it after a
/// question, and believe the answer only when it is false.
class BlockFile {
 public:
  static constexpr std::size_t kWords = 511;  ///< For the user; the one behind is the checksum.
  using Words = std::array<std::uint64_t, kWords + 1>;

  /// Without a descriptor, the blocks live in memory only.
  explicit BlockFile(UniqueFd file) : file_{std::move(file)} {}

  const Words& read(std::uint32_t number) { return block(number).words; }
  Words& change(std::uint32_t number);
  [[nodiscard]] bool damaged() const noexcept { return damaged_; }
  [[nodiscard]] bool changed() const noexcept { return changed_; }

  /// Forgets everything and begins with `count` blocks of zeros.
  void clear(std::uint32_t count);
  /// Makes room for `count` blocks of zeros before block `position` of `size` blocks.
  void insert(std::uint32_t position, std::uint32_t count, std::uint32_t size);
  /// Writes what was changed, block 0 last. False when that is not possible; the file is then
  /// emptied, so that on a full disk it takes no room from what matters more.
  bool save();

 private:
  struct Block {
    Words words{};
    bool changed = false;
  };

  Block& block(std::uint32_t number);
  [[nodiscard]] bool load(Block& block, std::uint32_t number) const;
  [[nodiscard]] bool store(Block& block, std::uint32_t number) const;
  bool write_changes();

  UniqueFd file_;
  std::vector<std::unique_ptr<Block>> blocks_;  // by number; null: not read yet
  bool damaged_ = false;
  bool changed_ = false;
  bool shortened_ = false;  // what the file holds behind the blocks has to go
};

}  // namespace patchbay::hostlocal
