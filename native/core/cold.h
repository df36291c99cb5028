// The cold part of a ledger: a count-min sketch (Cormode and Muthukrishnan, 2005) of what the table evicted.
#pragma once

#include <algorithm>
#include <cstdint>

#include "zeroed.h"

namespace tallytree {

/// kRows x width cells of 64 bits. Never underestimates; linear, so sketches of equal width add cell by cell.
class Cold {
 public:
  static constexpr uint32_t kRows = 2;

  explicit Cold(uint32_t width) : width_(width), cells_(size_t{kRows} * width) {}

  void add(uint64_t hash, uint64_t amount) noexcept {
    for (uint32_t row = 0; row < kRows; ++row) cells_[index(row, hash)] += amount;
    empty_ = false;
  }

  uint64_t estimate(uint64_t hash) const noexcept {
    if (empty_) return 0;
    return std::min(cells_[index(0, hash)], cells_[index(1, hash)]);
  }

  void merge(const Cold& other) noexcept {
    if (other.empty_) return;
    for (size_t i = 0; i < cells_.size(); ++i) cells_[i] += other.cells_[i];
    empty_ = false;
  }

  void clear() noexcept {
    if (!empty_) std::fill_n(cells_.data(), cells_.size(), 0);
    empty_ = true;
  }

  void set_cell(size_t i, uint64_t value) noexcept {
    cells_[i] = value;
    empty_ = false;
  }

  bool empty() const noexcept { return empty_; }
  uint32_t width() const noexcept { return width_; }
  const Zeroed<uint64_t>& cells() const noexcept { return cells_; }

  static constexpr size_t bytes(uint32_t width) noexcept { return sizeof(uint64_t) * kRows * width; }

 private:
  /// Rows take different halves of the hash; the multiply-shift maps 32 bits on any width.
  size_t index(uint32_t row, uint64_t hash) const noexcept {
    const uint64_t half = row == 0 ? hash & 0xffffffff : (hash * 0x9e3779b97f4a7c15) >> 32;
    return size_t{row} * width_ + ((half * width_) >> 32);
  }

  uint32_t width_;
  bool empty_ = true;
  Zeroed<uint64_t> cells_;
};

}  // namespace tallytree
