// Cold: cells that join, carry and fold; cold_merge.cc adds whole sketches.
#include "cold.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tallytree {
namespace {

/// Pairs of `Narrow` cells become one `Wide` cell where they stand.
template <typename Narrow, typename Wide>
void fold_cells(Zeroed<uint64_t>& cells, size_t pairs) noexcept {
  for (size_t i = 0; i < pairs; ++i) {
    const Narrow* from = reinterpret_cast<const Narrow*>(cells.data()) + 2 * i;
    reinterpret_cast<Wide*>(cells.data())[i] = static_cast<Wide>(Wide{from[0]} + from[1]);
  }
}

}  // namespace

void Cold::set_word(size_t at, uint64_t value) noexcept {
  switch (bits()) {
    case 8:
      words<uint8_t>()[at] = static_cast<uint8_t>(value);
      break;
    case 16:
      words<uint16_t>()[at] = static_cast<uint16_t>(value);
      break;
    case 32:
      words<uint32_t>()[at] = static_cast<uint32_t>(value);
      break;
    default:
      cells_[at] = value;
  }
}

/// Where the word's carry is, or would be.
size_t Cold::carry_slot(size_t at) const noexcept {
  size_t slot = (at * 0x9e3779b97f4a7c15 >> 32) * carries_.size() >> 32;
  while (carries_[slot].index > 0 && carries_[slot].index != static_cast<int64_t>(at) + 1)
    slot = slot + 1 == carries_.size() ? 0 : slot + 1;
  return slot;
}

void Cold::carry(size_t at, uint64_t above) {
  if (carries_[carry_slot(at)].index == 0 && carried_ + 1 > carries_.size() * 3 / 4) {
    const unsigned old_level = level_, old_bits = bits();
    fold();
    return add_to_word(old_level == 0 ? at : at / 2, above << old_bits);
  }
  Carry& kept = carries_[carry_slot(at)];
  carried_ += kept.index == 0;
  kept.index = static_cast<int64_t>(at) + 1;
  kept.above += above;
}

/// Adds what the word can hold; the rest, in units of 2^bits.
uint64_t Cold::put_in_word(size_t at, uint64_t amount) noexcept {
  if (bits() == 64) return set_word(at, word(at) + amount), 0;
  const uint64_t sum = word(at) + (amount & ((uint64_t{1} << bits()) - 1));
  set_word(at, sum);
  return (amount >> bits()) + (sum >> bits());
}

void Cold::add_to_word(size_t at, uint64_t amount) {
  if (const uint64_t above = put_in_word(at, amount); above != 0) carry(at, above);
}

/// Makes one cell of two, and adds.
void Cold::join(size_t at, uint64_t amount) {
  const uint64_t both = word(at);
  set_word(at, (both & kHalf) + (both >> 4));
  joined_[at / 64] |= uint64_t{1} << at % 64;
  add_to_word(at, amount);
}

/// Every new cell that needs a carry has an old one in it, so the carries fit. From level 0 words stay in
/// place.
void Cold::fold() {
  const size_t words = word_of(all_cells());
  if (level_++ == 0) {
    for (size_t at = 0; at < words; ++at)
      if (!joined(at)) join(at, 0);
    return;
  }
  if (level_ == 2) fold_cells<uint8_t, uint16_t>(cells_, words / 2);
  if (level_ == 3) fold_cells<uint16_t, uint32_t>(cells_, words / 2);
  if (level_ == 4) fold_cells<uint32_t, uint64_t>(cells_, words / 2);
  fold_carries();
}

/// Adds what the word of twice the bits can hold; what is left has another place in the table.
void Cold::fold_carries() noexcept {
  for (size_t i = 0; i < carries_.size() && carried_ > 0; ++i) {
    Carry& kept = carries_[i];
    if (kept.index == 0) continue;
    const size_t at = static_cast<size_t>(kept.index - 1) / 2;
    const uint64_t above = put_in_word(at, kept.above << bits() / 2);
    kept = above == 0 ? Carry{} : Carry{above, -static_cast<int64_t>(at) - 1};
    carried_ -= above == 0;
  }
  for (size_t i = 0; i < carries_.size(); ++i)
    while (carries_[i].index < 0) rehome(carries_[i]);
}

/// Whoever stands at the place of the carry, and has not been moved yet, changes places with it.
void Cold::rehome(Carry& homeless) noexcept {
  Carry moving = std::exchange(homeless, {});
  moving.index = -moving.index;
  Carry& home = carries_[carry_slot(static_cast<size_t>(moving.index - 1))];
  if (home.index == moving.index) {
    home.above += moving.above;
    --carried_;
  } else if (const Carry other = std::exchange(home, moving); other.index != 0) {
    homeless = other;
  }
}

void Cold::fold_to(unsigned level) {
  while (level_ < level) fold();
}

void Cold::clear() noexcept {
  if (!empty_) std::fill_n(cells_.data(), cells_.size(), 0);
  if (!empty_) std::fill_n(joined_.data(), joined_.size(), 0);
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
  if (!empty_) std::memcpy(copy.joined_.data(), joined_.data(), joined_.size() * 8);
  if (carried_ > 0) std::copy_n(carries_.data(), carries_.size(), copy.carries_.data());
  return copy;
}

}  // namespace tallytree
