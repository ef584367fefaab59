#include "block_file.h"

#include <bit>
#include <unistd.h>

namespace patchbay::hostlocal {

namespace {

constexpr int kBlockSize = sizeof(BlockFile::Words);

off_t offset_of(std::size_t number) {
  return static_cast<off_t>(number) * kBlockSize;
}

/// Of the contents and the place, so that a block in the wrong place is damaged, and so are zeros.
std::uint64_t checksum(const BlockFile::Words& words, std::uint32_t number) {
  std::uint64_t sum = 0x9e3779b97f4a7c15 ^ number;
  for (std::size_t i = 0; i < BlockFile::kWords; ++i) {
    sum = (std::rotl(sum, 27) ^ words[i]) * 0xff51afd7ed558ccd;
  }
  return sum ^ sum >> 32;
}

}  // namespace

bool BlockFile::load(Block& block, std::uint32_t number) const {
  return file_ &&
         ::pread(file_.get(), block.words.data(), kBlockSize, offset_of(number)) == kBlockSize &&
         block.words.back() == checksum(block.words, number);
}

BlockFile::Block& BlockFile::block(std::uint32_t number) {
  if (number >= blocks_.size()) {
    blocks_.resize(number + std::size_t{1});
  }
  auto& place = blocks_[number];
  if (!place) {
    place = std::make_unique<Block>();
    if (!load(*place, number)) {
      place->words = {};
      damaged_ = true;
    }
  }
  return *place;
}

BlockFile::Words& BlockFile::change(std::uint32_t number) {
  Block& one = block(number);
  one.changed = true;
  changed_ = true;
  return one.words;
}

void BlockFile::clear(std::uint32_t count) {
  blocks_.clear();
  damaged_ = false;
  shortened_ = true;
  insert(0, count, 0);
}

void BlockFile::insert(std::uint32_t position, std::uint32_t count, std::uint32_t size) {
  for (std::uint32_t number = position; number < size; ++number) {
    change(number);  // they move
  }
  blocks_.resize(size);
  std::vector<std::unique_ptr<Block>> fresh(count);
  for (auto& one : fresh) {
    one = std::make_unique<Block>();
    one->changed = true;
  }
  blocks_.insert(
      blocks_.begin() + position,
      std::make_move_iterator(fresh.begin()),
      std::make_move_iterator(fresh.end()));
  changed_ = true;
}

bool BlockFile::store(Block& block, std::uint32_t number) const {
  block.words.back() = checksum(block.words, number);
  block.changed = false;
  return ::pwrite(file_.get(), block.words.data(), kBlockSize, offset_of(number)) == kBlockSize;
}

bool BlockFile::write_changes() {
  if (shortened_ && ::ftruncate(file_.get(), offset_of(blocks_.size())) != 0) {
    return false;
  }
  for (std::size_t i = 1; i <= blocks_.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i % blocks_.size());  // 0 comes last
    if (blocks_[number] && blocks_[number]->changed && !store(*blocks_[number], number)) {
      return false;
    }
  }
  return true;
}

bool BlockFile::save() {
  if (!file_ || damaged_) {
    return false;
  }
  if (!write_changes()) {
    (void)!::ftruncate(file_.get(), 0);
    return false;
  }
  changed_ = false;
  shortened_ = false;
  return true;
}

}  // namespace patchbay::hostlocal
