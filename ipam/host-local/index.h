#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "block_file.h"
#include "directory.h"
#include "range.h"
#include "slot_table.h"

namespace patchbay::hostlocal {

/// What makes allocating and releasing take the same time with ten leases and with sixty thousand:
/// a table from holders to addresses, and a bitmap of addresses in use that exists only where there
/// are any. It is a cache of the directory. It says which directory it describes, and the caller
/// has to throw it away when the directory is another by now, or when damaged().
///
/// The file: block 0 is the header, then the table, then pages of the bitmap, seven to a block. A
/// page covers 4,096 addresses. A table slot is a holder's hash with (page, offset of the address),
/// or a page's hash with the page.
class Index {
 public:
  /// An empty descriptor keeps it in memory.
  explicit Index(UniqueFd file);

  /// The directory and the boot (a hash of its id) that it was saved for; nullopt when there is
  /// nothing that could be used.
  struct Origin {
    Identity directory;
    std::uint64_t boot = 0;
    std::uint64_t generation = 0;  ///< Counts how often it was saved.
  };
  [[nodiscard]] const std::optional<Origin>& origin() const noexcept { return origin_; }
  [[nodiscard]] bool damaged() const noexcept { return file_.damaged(); }
  [[nodiscard]] bool changed() const noexcept { return file_.changed(); }

  /// The addresses of a holder.
  std::vector<IpAddr> find(std::uint64_t holder);
  /// The first address of `span` that is not in use.
  std::optional<IpAddr> find_free(const Span& span);

  void clear();
  /// Notes that `address` is in use; by `holder`, unless nobody can tell.
  void add(const IpAddr& address, std::optional<std::uint64_t> holder);
  void remove(const IpAddr& address, std::uint64_t holder);
  /// Writes it. False when that is not possible; the file then fits no directory.
  bool save(const Origin& origin);

 private:
  /// Where a page's words are.
  struct Page {
    std::uint32_t block;
    std::size_t word;
  };

  void read_header();
  [[nodiscard]] Page page(std::uint32_t number) const;
  [[nodiscard]] std::uint64_t get(Page page, std::size_t word);
  void put(Page page, std::size_t word, std::uint64_t value);
  [[nodiscard]] uint128 base_of(std::uint32_t number);
  [[nodiscard]] std::optional<std::uint32_t> find_page(uint128 base);
  std::uint32_t make_page(uint128 base);
  void free_page(std::uint32_t number);
  /// The first offset from `offset` on whose bit is clear; kPageSize when there is none.
  [[nodiscard]] unsigned first_clear(std::uint32_t number, unsigned offset);
  /// True when the bit was the other way round.
  bool set_bit(std::uint32_t number, unsigned offset, bool in_use);
  [[nodiscard]] std::uint32_t file_size() const;
  void insert(SlotTable::Slot slot);

  BlockFile file_;
  SlotTable table_;
  std::uint32_t pages_ = 0;
  std::uint32_t free_page_ = 0;  // number + 1 of the first page that is not in use; 0: none
  std::optional<Origin> origin_;
};

}  // namespace patchbay::hostlocal
