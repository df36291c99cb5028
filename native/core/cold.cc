// Cold: cells that carry, fold and add.
#include "cold.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace tallytree {
namespace {

template <typename Cell>
Cell* as(Zeroed<uint64_t>& cells) noexcept {
  return reinterpret_cast<Cell*>(cells.data());
}
template <typename Cell>
const Cell* as(const Zeroed<uint64_t>& cells) noexcept {
  return reinterpret_cast<const Cell*>(cells.data());
}

/// Pairs of `Narrow` cells become one `Wide` cell where they stand.
template <typename Narrow, typename Wide>
void fold_cells(Zeroed<uint64_t>& cells, size_t pairs) noexcept {
  for (size_t i = 0; i < pairs; ++i) {
    const Narrow* from = as<Narrow>(cells) + 2 * i;
    as<Wide>(cells)[i] = static_cast<Wide>(Wide{from[0]} + from[1]);
  }
}

}  // namespace

/// Rows take the tag and a product of it; the multiply-shift maps 32 bits on any width, and a fold halves it.
size_t Cold::index(uint32_t row, uint32_t tag) const noexcept {
  const uint32_t spread = row == 0 ? tag : tag * 0x9e3779b1u;
  return ((uint64_t{spread} * width_) >> 32 >> level_) + row * row_cells();
}

uint64_t Cold::low(size_t index) const noexcept {
  switch (level_) {
    case 0:
      return as<uint8_t>(cells_)[index];
    case 1:
      return as<uint16_t>(cells_)[index];
    case 2:
      return as<uint32_t>(cells_)[index];
    default:
      return cells_[index];
  }
}

void Cold::set_low(size_t index, uint64_t value) noexcept {
  switch (level_) {
    case 0:
      as<uint8_t>(cells_)[index] = static_cast<uint8_t>(value);
      break;
    case 1:
      as<uint16_t>(cells_)[index] = static_cast<uint16_t>(value);
      break;
    case 2:
      as<uint32_t>(cells_)[index] = static_cast<uint32_t>(value);
      break;
    default:
      cells_[index] = value;
  }
}

/// Where the cell's carry is, or would be.
size_t Cold::carry_slot(size_t index) const noexcept {
  size_t at = (index * 0x9e3779b97f4a7c15 >> 32) % carries_.size();
  while (carries_[at].index != 0 && carries_[at].index != index + 1)
    at = at + 1 == carries_.size() ? 0 : at + 1;
  return at;
}

uint64_t Cold::cell(size_t index) const noexcept {
  const uint64_t value = low(index);
  return carried_ == 0 ? value : value + (carries_[carry_slot(index)].above << bits());
}

void Cold::carry(size_t index, uint64_t above) {
  if (carries_[carry_slot(index)].index == 0 && carried_ + 1 > carries_.size() * 3 / 4) {
    const unsigned old_bits = bits();
    fold();
    return add_to_cell(index / 2, above << old_bits);
  }
  Carry& kept = carries_[carry_slot(index)];
  carried_ += kept.index == 0;
  kept.index = index + 1;
  kept.above += above;
}

void Cold::add_to_cell(size_t index, uint64_t amount) {
  empty_ = false;
  const uint64_t sum = low(index) + (level_ == 3 ? amount : amount & ((uint64_t{1} << bits()) - 1));
  set_low(index, sum);
  if (level_ == 3) return;
  const uint64_t above = (amount >> bits()) + (sum >> bits());
  if (above != 0) carry(index, above);
}

void Cold::add(uint32_t tag, uint64_t amount) {
  if (width_ == 0) return;
  for (uint32_t row = 0; row < kRows; ++row) add_to_cell(index(row, tag), amount);
}

uint64_t Cold::estimate(uint32_t tag) const noexcept {
  if (width_ == 0) return UINT64_MAX;
  if (empty_) return 0;
  return std::min(cell(index(0, tag)), cell(index(1, tag)));
}

/// Every new cell that needs a carry has an old one in it, so the carries fit.
void Cold::fold() {
  std::vector<Carry> old;
  old.reserve(carried_);
  for (size_t i = 0; i < carries_.size(); ++i)
    if (carries_[i].index != 0) old.push_back(std::exchange(carries_[i], {}));
  carried_ = 0;
  const unsigned old_bits = bits();
  const size_t pairs = all_cells() / 2;
  if (level_ == 0) fold_cells<uint8_t, uint16_t>(cells_, pairs);
  if (level_ == 1) fold_cells<uint16_t, uint32_t>(cells_, pairs);
  if (level_ == 2) fold_cells<uint32_t, uint64_t>(cells_, pairs);
  ++level_;
  for (const Carry& carry : old) add_to_cell((carry.index - 1) / 2, carry.above << old_bits);
}

void Cold::fold_to(unsigned level) {
  while (level_ < level) fold();
}

/// Blocks in which no cell overflows, nearly all, are added without a look at single cells.
template <typename Cell>
void Cold::merge_cells(const Cold& other) {
  constexpr size_t kBlock = 64 / sizeof(Cell);
  const size_t cells = all_cells();
  const unsigned level = level_;
  for (size_t first = 0; first < cells; first += kBlock) {
    const size_t end = std::min(first + kBlock, cells);
    Cell* ours = as<Cell>(cells_);
    const Cell* theirs = as<Cell>(other.cells_);
    Cell sums[kBlock];
    unsigned overflows = 0;
    for (size_t i = first; i < end; ++i) {
      sums[i - first] = static_cast<Cell>(ours[i] + theirs[i]);
      overflows |= sums[i - first] < ours[i];
    }
    if (overflows == 0) {
      std::memcpy(ours + first, sums, (end - first) * sizeof(Cell));
      continue;
    }
    for (size_t i = first; i < end; ++i) add_to_cell(i >> (level_ - level), theirs[i]);
    if (level_ == level) continue;
    for (size_t i = end; i < cells; ++i) add_to_cell(i >> (level_ - level), theirs[i]);  // folded on the way
    return;
  }
}

void Cold::merge(Cold& other) {
  if (other.empty_ || width_ == 0) return;
  other.fold_to(level_);
  fold_to(other.level_);
  empty_ = false;
  switch (level_) {
    case 0:
      merge_cells<uint8_t>(other);
      break;
    case 1:
      merge_cells<uint16_t>(other);
      break;
    case 2:
      merge_cells<uint32_t>(other);
      break;
    default:
      merge_cells<uint64_t>(other);
  }
  for (size_t i = 0; i < other.carries_.size() && other.carried_ > 0; ++i)
    if (const Carry& theirs = other.carries_[i]; theirs.index != 0)
      add_to_cell((theirs.index - 1) >> (level_ - other.level_), theirs.above << other.bits());
}

void Cold::clear() noexcept {
  if (!empty_) std::fill_n(cells_.data(), cells_.size(), 0);
  if (carried_ > 0) std::fill_n(carries_.data(), carries_.size(), Carry{});
  carried_ = 0;
  level_ = first_level_;
  empty_ = true;
}

Cold Cold::clone() const {
  Cold copy(width_, level_);
  copy.first_level_ = first_level_;
  copy.empty_ = empty_;
  copy.carried_ = carried_;
  if (!empty_) std::memcpy(copy.cells_.data(), cells_.data(), cells_.size() * 8);
  if (carried_ > 0) std::copy_n(carries_.data(), carries_.size(), copy.carries_.data());
  return copy;
}

}  // namespace tallytree
