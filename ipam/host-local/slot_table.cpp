#include "slot_table.h"

namespace patchbay::hostlocal {

namespace {

constexpr std::uint64_t kSlotsPerBlock = BlockFile::kWords / 2;

}  // namespace

void SlotTable::resume(std::uint32_t blocks, std::uint64_t used) {
  blocks_ = blocks;
  used_ = used;
}

std::uint64_t SlotTable::capacity() const {
  return blocks_ * kSlotsPerBlock;
}

std::uint64_t SlotTable::home(std::uint64_t hash) const {
  return (hash >> 32) * capacity() >> 32;
}

std::uint64_t SlotTable::next(std::uint64_t position) const {
  return position + 1 == capacity() ? 0 : position + 1;
}

SlotTable::Slot SlotTable::get(std::uint64_t position) {
  const auto& words =
      file_.read(kFirstBlock + static_cast<std::uint32_t>(position / kSlotsPerBlock));
  const auto word = position % kSlotsPerBlock * 2;
  return {words.at(word), words.at(word + 1)};
}

void SlotTable::put(std::uint64_t position, Slot slot) {
  auto& words = file_.change(kFirstBlock + static_cast<std::uint32_t>(position / kSlotsPerBlock));
  const auto word = position % kSlotsPerBlock * 2;
  words.at(word) = slot.hash;
  words.at(word + 1) = slot.value;
}

bool SlotTable::is_full() const {
  return (used_ + 1) * 10 > capacity() * 7;  // short probes, and never without an empty slot
}

std::vector<std::uint64_t> SlotTable::find(std::uint64_t hash) {
  std::vector<std::uint64_t> values;
  auto position = home(hash);
  for (std::uint64_t tried = 0; tried < capacity(); ++tried, position = next(position)) {
    const Slot slot = get(position);
    if (slot.value == 0) {
      break;
    }
    if (slot.hash == hash) {
      values.push_back(slot.value);
    }
  }
  return values;
}

std::optional<std::uint64_t> SlotTable::locate(Slot slot) {
  auto position = home(slot.hash);
  for (std::uint64_t tried = 0; tried < capacity(); ++tried, position = next(position)) {
    const Slot there = get(position);
    if (there.value == 0 || (there.hash == slot.hash && there.value == slot.value)) {
      return position;
    }
  }
  return std::nullopt;
}

void SlotTable::insert(Slot slot) {
  const auto position = locate(slot);
  if (position && get(*position).value == 0) {
    put(*position, slot);
    ++used_;
  }
}

bool SlotTable::erase(Slot slot) {
  const auto position = locate(slot);
  if (!position || get(*position).value == 0) {
    return false;
  }
  close_gap(*position);
  --used_;
  return true;
}

/// Moves slots back that probing would not find any more, instead of leaving tombstones.
void SlotTable::close_gap(std::uint64_t gap) {
  auto position = gap;
  for (std::uint64_t tried = 0; tried < capacity(); ++tried) {
    position = next(position);
    const Slot slot = get(position);
    if (slot.value == 0) {
      break;
    }
    const auto origin = home(slot.hash);
    const bool reachable =
        gap <= position ? gap < origin && origin <= position : gap < origin || origin <= position;
    if (!reachable) {
      put(gap, slot);
      gap = position;
    }
  }
  put(gap, {});
}

void SlotTable::grow(std::uint32_t file_size) {
  std::vector<Slot> slots;
  for (std::uint64_t position = 0; position < capacity(); ++position) {
    const Slot slot = get(position);
    if (slot.value != 0) {
      slots.push_back(slot);
    }
  }
  for (std::uint32_t block = 0; block < blocks_; ++block) {
    file_.change(kFirstBlock + block) = {};
  }
  file_.insert(kFirstBlock + blocks_, blocks_, file_size);
  blocks_ *= 2;
  used_ = 0;
  for (const Slot& slot : slots) {
    insert(slot);
  }
}

}  // namespace patchbay::hostlocal
