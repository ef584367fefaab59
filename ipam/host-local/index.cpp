#include "index.h"

#include <bit>
#include <utility>

namespace patchbay::hostlocal {

namespace {

constexpr std::uint64_t kMagic = 0x3130'7864'4942'50ff;  // the last byte is no text's
constexpr std::uint32_t kLeastTable = 2;                 // blocks
constexpr std::uint32_t kMostBlocks = 1U << 22;

constexpr unsigned kPageBits = 12;
constexpr unsigned kPageSize = 1U << kPageBits;  // addresses
constexpr std::uint32_t kPagesPerBlock = 7;

/// Words of a page: the upper bits of its addresses, what is in use, and the bits.
enum PageWord : std::size_t { base_high, base_low, in_use_count, next_free_page, first_bits };
constexpr std::size_t kPageWords = first_bits + kPageSize / 64;
static_assert(kPagesPerBlock * kPageWords <= BlockFile::kWords);

enum HeaderWord : std::size_t {
  magic,
  boot_hash,
  directory_mtime,
  directory_ctime,
  save_count,
  table_blocks,
  table_used,
  page_count,
  free_page_number
};

/// A slot's value: what it is of, a page, and the offset of an address in it.
enum class Kind : std::uint64_t { holder = 1, page = 2 };

constexpr std::uint64_t pack(Kind kind, std::uint32_t page, unsigned offset) {
  return static_cast<std::uint64_t>(kind) << 60 | std::uint64_t{page} << kPageBits | offset;
}

constexpr bool is(Kind kind, std::uint64_t value) {
  return value >> 60 == static_cast<std::uint64_t>(kind);
}

constexpr std::uint32_t page_in(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> kPageBits);
}

constexpr unsigned offset_in(std::uint64_t value) {
  return static_cast<unsigned>(value & (kPageSize - 1));
}

constexpr uint128 kMapped = uint128{0xffff} << 32;  // ::ffff:0:0/96

/// One number for an address of either family: IPv4 as IPv4-mapped IPv6.
uint128 key_of(const IpAddr& address) {
  return address.is_v6() ? address.value() : kMapped | address.value();
}

IpAddr address_of(uint128 key) {
  const bool v4 = key >> 32 == kMapped >> 32;
  return {!v4, v4 ? key & 0xffffffff : key};
}

std::uint64_t hash_of(uint128 base) {
  auto hash =
      (static_cast<std::uint64_t>(base) ^ std::rotl(static_cast<std::uint64_t>(base >> 64), 32)) *
      0x9e3779b97f4a7c15;
  hash ^= hash >> 32;
  return hash * 0xd6e8feb86659fd93;
}

}  // namespace

Index::Index(UniqueFd file) : file_{std::move(file)}, table_{file_, kLeastTable} {
  read_header();
}

void Index::read_header() {
  const auto& words = file_.read(0);
  const auto pages = words[page_count];
  const auto blocks = words[table_blocks];
  if (damaged() || words[magic] != kMagic || blocks < kLeastTable || blocks > kMostBlocks ||
      pages > std::uint64_t{kMostBlocks} * kPagesPerBlock) {
    return;
  }
  table_.resume(static_cast<std::uint32_t>(blocks), words[table_used]);
  pages_ = static_cast<std::uint32_t>(pages);
  free_page_ = static_cast<std::uint32_t>(words[free_page_number]);
  origin_ = Origin{
      {static_cast<std::int64_t>(words[directory_mtime]),
       static_cast<std::int64_t>(words[directory_ctime])},
      words[boot_hash],
      words[save_count]};
}

bool Index::save(const Origin& origin) {
  auto& words = file_.change(0);
  words[magic] = kMagic;
  words[boot_hash] = origin.boot;
  words[directory_mtime] = static_cast<std::uint64_t>(origin.directory.mtime_ns);
  words[directory_ctime] = static_cast<std::uint64_t>(origin.directory.ctime_ns);
  words[save_count] = origin.generation;
  words[table_blocks] = table_.blocks();
  words[table_used] = table_.used();
  words[page_count] = pages_;
  words[free_page_number] = free_page_;
  return file_.save();
}

void Index::clear() {
  file_.clear(SlotTable::kFirstBlock + kLeastTable);
  table_.resume(kLeastTable, 0);
  pages_ = 0;
  free_page_ = 0;
}

std::uint32_t Index::file_size() const {
  return SlotTable::kFirstBlock + table_.blocks() + (pages_ + kPagesPerBlock - 1) / kPagesPerBlock;
}

Index::Page Index::page(std::uint32_t number) const {
  return {
      SlotTable::kFirstBlock + table_.blocks() + number / kPagesPerBlock,
      number % kPagesPerBlock * kPageWords};
}

std::uint64_t Index::get(Page page, std::size_t word) {
  return file_.read(page.block).at(page.word + word);
}

void Index::put(Page page, std::size_t word, std::uint64_t value) {
  file_.change(page.block).at(page.word + word) = value;
}

uint128 Index::base_of(std::uint32_t number) {
  return uint128{get(page(number), base_high)} << 64 | get(page(number), base_low);
}

std::optional<std::uint32_t> Index::find_page(uint128 base) {
  for (const auto value : table_.find(hash_of(base))) {
    const auto number = page_in(value);
    if (is(Kind::page, value) && number < pages_ && base_of(number) == base) {
      return number;
    }
  }
  return std::nullopt;
}

std::uint32_t Index::make_page(uint128 base) {
  std::uint32_t number = free_page_ - 1;
  if (free_page_ != 0 && number < pages_) {
    free_page_ = static_cast<std::uint32_t>(get(page(number), next_free_page));
  } else {
    if (pages_ % kPagesPerBlock == 0) {
      file_.insert(file_size(), 1, file_size());
    }
    number = pages_++;
  }
  for (std::size_t word = 0; word < kPageWords; ++word) {
    put(page(number), word, 0);
  }
  put(page(number), base_high, static_cast<std::uint64_t>(base >> 64));
  put(page(number), base_low, static_cast<std::uint64_t>(base));
  insert({hash_of(base), pack(Kind::page, number, 0)});
  return number;
}

/// A network that wanders through an IPv6 prefix must not take more and more pages with it.
void Index::free_page(std::uint32_t number) {
  table_.erase({hash_of(base_of(number)), pack(Kind::page, number, 0)});
  put(page(number), next_free_page, free_page_);
  free_page_ = number + 1;
}

unsigned Index::first_clear(std::uint32_t number, unsigned offset) {
  if (get(page(number), in_use_count) >= kPageSize) {
    return kPageSize;
  }
  for (unsigned at = offset; at < kPageSize; at = (at / 64 + 1) * 64) {
    const auto bits = get(page(number), first_bits + at / 64) >> at % 64;
    const auto taken = static_cast<unsigned>(std::countr_one(bits));
    if (taken < 64 - at % 64) {
      return at + taken;
    }
  }
  return kPageSize;
}

bool Index::set_bit(std::uint32_t number, unsigned offset, bool in_use) {
  const std::size_t word = first_bits + offset / 64;
  const auto bit = std::uint64_t{1} << offset % 64;
  const auto bits = get(page(number), word);
  if (((bits & bit) != 0) == in_use) {
    return false;
  }
  const auto count = get(page(number), in_use_count);
  put(page(number), word, bits ^ bit);
  put(page(number), in_use_count, in_use ? count + 1 : count - 1);
  return true;
}

void Index::insert(SlotTable::Slot slot) {
  if (table_.is_full()) {
    table_.grow(file_size());
  }
  table_.insert(slot);
}

std::vector<IpAddr> Index::find(std::uint64_t holder) {
  std::vector<IpAddr> addresses;
  for (const auto value : table_.find(holder)) {
    if (is(Kind::holder, value) && page_in(value) < pages_) {
      addresses.push_back(address_of(base_of(page_in(value)) << kPageBits | offset_in(value)));
    }
  }
  return addresses;
}

std::optional<IpAddr> Index::find_free(const Span& span) {
  const bool v6 = span.first.is_v6();
  const uint128 last = key_of(span.last);
  uint128 key = key_of(span.first);
  while (true) {
    const uint128 base = key >> kPageBits;
    const auto number = find_page(base);
    const auto offset = static_cast<unsigned>(key & (kPageSize - 1));
    const unsigned clear = number ? first_clear(*number, offset) : offset;
    const uint128 candidate = base << kPageBits | clear;
    if (clear < kPageSize) {
      return candidate <= last ? std::optional{IpAddr{v6, v6 ? candidate : candidate & 0xffffffff}}
                               : std::nullopt;
    }
    if (base == last >> kPageBits) {
      return std::nullopt;
    }
    key = (base + 1) << kPageBits;
  }
}

void Index::add(const IpAddr& address, std::optional<std::uint64_t> holder) {
  const uint128 key = key_of(address);
  const auto found = find_page(key >> kPageBits);
  const std::uint32_t number = found ? *found : make_page(key >> kPageBits);
  const auto offset = static_cast<unsigned>(key & (kPageSize - 1));
  set_bit(number, offset, true);
  if (holder) {
    insert({*holder, pack(Kind::holder, number, offset)});
  }
}

void Index::remove(const IpAddr& address, std::uint64_t holder) {
  const uint128 key = key_of(address);
  const auto number = find_page(key >> kPageBits);
  if (!number) {
    return;
  }
  const auto offset = static_cast<unsigned>(key & (kPageSize - 1));
  table_.erase({holder, pack(Kind::holder, *number, offset)});
  if (set_bit(*number, offset, false) && get(page(*number), in_use_count) == 0) {
    free_page(*number);
  }
}

}  // namespace patchbay::hostlocal
