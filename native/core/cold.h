// The cold part of a ledger: a count-min sketch (Cormode and Muthukrishnan, 2005) of what the table evicted.
#pragma once

#include <cstdint>

#include "zeroed.h"

namespace tallytree {

/**
 * Two rows of cells in memory that never grows. Never underestimates; linear, so sketches add cell by cell.
 *
 * Cells begin with 8 bits. What a cell cannot hold is carried, exactly, into a small table. When that is
 * full, the sketch folds: neighbours become one cell of twice the bits, which is the sketch that half the
 * width would have made. So it keeps its bytes and gives up precision, as 64-bit cells would have had to from
 * the start. Cells are named by their index at the level of folding: row * row_cells() + position.
 */
class Cold {
 public:
  static constexpr uint32_t kRows = 2;
  static constexpr unsigned kLevels = 4;  ///< cells of 8, 16, 32, 64 bits

  /// `width`: bytes a row, a multiple of 8; 0: no sketch, every estimate is unbounded. `level`: to begin
  /// with.
  explicit Cold(uint32_t width, unsigned level = 0)
      : width_(width),
        first_level_(level),
        level_(level),
        cells_(size_t{kRows} * width / 8),
        carries_(slots(width)) {}

  void add(uint32_t tag, uint64_t amount);
  uint64_t estimate(uint32_t tag) const noexcept;
  /// Adds a sketch of equal width, and may fold it.
  void merge(Cold& other);
  void clear() noexcept;
  Cold clone() const;

  bool empty() const noexcept { return empty_; }
  uint32_t width() const noexcept { return width_; }
  unsigned level() const noexcept { return level_; }
  size_t row_cells() const noexcept { return width_ >> level_; }
  size_t all_cells() const noexcept { return kRows * row_cells(); }

  uint64_t cell(size_t index) const noexcept;
  void add_to_cell(size_t index, uint64_t amount);
  /// Folds until cells have 8 << level bits.
  void fold_to(unsigned level);

  /// Most bytes it ever holds; a fold sets the carries aside for a moment.
  static size_t bytes(uint32_t width) noexcept {
    return size_t{kRows} * width + 2 * slots(width) * sizeof(Carry);
  }

 private:
  /// What cell `index` holds above its bits, in units of 2^bits.
  struct Carry {
    uint64_t above = 0;
    uint64_t index = 0;  // + 1; 0: free
  };

  static size_t slots(uint32_t width) noexcept { return width == 0 ? 0 : width / 64 + 8; }
  unsigned bits() const noexcept { return 8u << level_; }
  size_t index(uint32_t row, uint32_t tag) const noexcept;
  uint64_t low(size_t index) const noexcept;
  void set_low(size_t index, uint64_t value) noexcept;
  size_t carry_slot(size_t index) const noexcept;
  void carry(size_t index, uint64_t above);
  void fold();
  template <typename Cell>
  void merge_cells(const Cold& other);

  uint32_t width_;
  unsigned first_level_;
  unsigned level_;
  bool empty_ = true;
  size_t carried_ = 0;      // slots of carries_ in use
  Zeroed<uint64_t> cells_;  // read as cells of bits()
  Zeroed<Carry> carries_;   // open addressing
};

}  // namespace tallytree
