// The cold part of a ledger: a count-min sketch (Cormode and Muthukrishnan, 2005) of what the table evicted.
#pragma once

#include <cstdint>
#include <limits>

#include "zeroed.h"

namespace tallytree {

/**
 * Two rows of cells in memory that never grows. Never underestimates; linear, so sketches add cell by cell.
 *
 * Cells begin with 4 bits. Two that no longer do are joined into one of 8, as in SALSA (Ben Basat et al.,
 * 2021). What 8 bits cannot hold is carried, exactly, into a small table. When that is full, the sketch
 * folds where it stands: neighbours become one cell of twice the bits, which is the sketch that half the width would have
 * made. So it keeps its bytes and gives up precision, as 64-bit cells would have had to from the start. Cells
 * are named by their index at the level of folding: row * row_cells() + position; joined ones by the first of
 * the two.
 */
class Cold {
 public:
  static constexpr uint32_t kRows = 2;
  static constexpr unsigned kLevels = 5;  ///< cells of 4, 8, 16, 32, 64 bits

  /// `width`: bytes a row, a multiple of 8; 0: no sketch, every estimate is unbounded. `level`: to begin
  /// with.
  explicit Cold(uint32_t width, unsigned level = 0)
      : width_(width),
        first_level_(level),
        level_(level),
        cells_(size_t{kRows} * width / 8),
        joined_((size_t{kRows} * width + 63) / 64),
        carries_(slots(width)) {}

  /// Asks the processor for what add() and estimate() read.
  void prefetch(uint32_t tag) const noexcept {
    for (uint32_t row = 0; row < kRows; ++row)
      __builtin_prefetch(words<uint8_t>() + row * width_ + (uint64_t{spread(row, tag)} * width_ >> 32), 1);
  }
  void add(uint32_t tag, uint64_t amount) {
    if (width_ == 0) return;
    for (uint32_t row = 0; row < kRows; ++row) add_to_cell(index(row, tag), amount);
  }
  uint64_t estimate(uint32_t tag) const noexcept {
    if (width_ == 0) return std::numeric_limits<uint64_t>::max();
    if (empty_) return 0;
    const uint64_t first = value(index(0, tag)), second = value(index(1, tag));
    return first < second ? first : second;
  }
  /// Adds a sketch of equal width, and may fold it.
  void merge(Cold& other);
  void clear() noexcept;
  Cold clone() const;

  bool empty() const noexcept { return empty_; }
  uint32_t width() const noexcept { return width_; }
  unsigned level() const noexcept { return level_; }
  unsigned first_level() const noexcept { return first_level_; }
  size_t row_cells() const noexcept { return size_t{width_} * 2 >> level_; }
  size_t all_cells() const noexcept { return kRows * row_cells(); }

  /// 0 for the second of two that are joined.
  uint64_t cell(size_t index) const noexcept { return is_second(index) ? 0 : value(index); }
  /// Where the tag is counted in a row.
  size_t cell_of(uint32_t row, uint32_t tag) const noexcept {
    const size_t at = index(row, tag);
    return is_second(at) ? at - 1 : at;
  }
  /// Whether it is one of two that are joined.
  bool is_joined(size_t index) const noexcept { return level_ == 0 && joined(index / 2); }
  [[gnu::always_inline]] void add_to_cell(size_t index, uint64_t amount) {
    empty_ = false;
    switch (level_) {
      case 0:
        return add_to_half(index, amount);
      case 1:
        return add_to<uint8_t>(index, amount);
      case 2:
        return add_to<uint16_t>(index, amount);
      case 3:
        return add_to<uint32_t>(index, amount);
      default:
        return add_to<uint64_t>(index, amount);
    }
  }
  /// Shows every cell that is not 0, as (index, value), by rising index.
  template <typename Visit>
  void visit_cells(Visit visit) const {
    if (empty_) return;
    if (level_ > 0 || carried_ > 0) {
      for (size_t i = 0; i < all_cells(); ++i)
        if (const uint64_t value = cell(i); value != 0) visit(i, value);
      return;
    }
    for (size_t at = 0; at < size_t{kRows} * width_; ++at) {
      const uint8_t both = words<uint8_t>()[at];
      if (both == 0) continue;
      if (joined(at)) {
        visit(2 * at, uint64_t{both});
        continue;
      }
      if (const unsigned first = both & kHalf; first != 0) visit(2 * at, uint64_t{first});
      if (const unsigned second = both >> 4; second != 0) visit(2 * at + 1, uint64_t{second});
    }
  }
  /// Folds until cells have 4 << level bits.
  void fold_to(unsigned level);

  /// Most bytes it ever holds.
  static size_t bytes(uint32_t width) noexcept {
    return size_t{kRows} * width + (size_t{kRows} * width + 63) / 64 * 8 + slots(width) * sizeof(Carry);
  }

 private:
  /// What word `index` holds above its bits, in units of 2^bits.
  struct Carry {
    uint64_t above = 0;
    int64_t index = 0;  // + 1; 0: free; negative: not in its place yet
  };

  static size_t slots(uint32_t width) noexcept { return width == 0 ? 0 : width / 64 + 8; }
  /// Rows take the tag and a product of it; the multiply-shift of index() maps 32 bits on any width, and a fold
  /// halves it.
  static uint32_t spread(uint32_t row, uint32_t tag) noexcept { return row == 0 ? tag : tag * 0x9e3779b1u; }
  size_t index(uint32_t row, uint32_t tag) const noexcept {
    return ((uint64_t{spread(row, tag)} * 2 * width_) >> 32 >> level_) + row * row_cells();
  }
  uint64_t value(size_t index) const noexcept {
    if (is_half(index)) return words<uint8_t>()[index / 2] >> 4 * (index % 2) & kHalf;  // carries nothing
    const uint64_t own = word(word_of(index));
    return carried_ == 0 ? own : own + carried(word_of(index));
  }

  static constexpr uint8_t kHalf = 0xf;

  // Two cells of 4 bits share a word of 8; at the other levels a cell is a word.
  unsigned bits() const noexcept { return level_ == 0 ? 8 : 4u << level_; }
  size_t word_of(size_t index) const noexcept { return level_ == 0 ? index / 2 : index; }
  uint64_t word(size_t at) const noexcept {
    switch (level_) {
      case 0:
      case 1:
        return words<uint8_t>()[at];
      case 2:
        return words<uint16_t>()[at];
      case 3:
        return words<uint32_t>()[at];
      default:
        return cells_[at];
    }
  }
  void set_word(size_t at, uint64_t value) noexcept;
  uint64_t put_in_word(size_t at, uint64_t amount) noexcept;
  [[gnu::noinline]] void add_to_word(size_t at, uint64_t amount);

  /// Whether a cell is joined is not to be foretold, so no branch depends on it while the sum fits.
  void add_to_half(size_t index, uint64_t amount) {
    uint8_t& word = words<uint8_t>()[index / 2];
    const bool whole = joined(index / 2);
    const unsigned shift = whole ? 0 : 4 * (index % 2), most = whole ? UINT8_MAX : kHalf;
    if (amount > most - (word >> shift & most)) [[unlikely]]
      return whole ? add_to_word(index / 2, amount) : join(index / 2, amount);
    word = static_cast<uint8_t>(word + (amount << shift));
  }
  template <typename Word>
  void add_to(size_t at, uint64_t amount) {
    Word& word = words<Word>()[at];
    if (amount > uint64_t{std::numeric_limits<Word>::max()} - word) [[unlikely]]
      return add_to_word(at, amount);
    word = static_cast<Word>(word + amount);
  }
  template <typename Word>
  Word* words() noexcept {
    return reinterpret_cast<Word*>(cells_.data());
  }
  template <typename Word>
  const Word* words() const noexcept {
    return reinterpret_cast<const Word*>(cells_.data());
  }

  bool joined(size_t at) const noexcept { return joined_[at / 64] >> at % 64 & 1; }
  bool is_half(size_t index) const noexcept { return level_ == 0 && !joined(index / 2); }
  bool is_second(size_t index) const noexcept { return index % 2 == 1 && is_joined(index); }
  [[gnu::noinline]] void join(size_t at, uint64_t amount);

  size_t carry_slot(size_t at) const noexcept;
  uint64_t carried(size_t at) const noexcept { return carries_[carry_slot(at)].above << bits(); }
  void carry(size_t at, uint64_t above);
  void fold();
  void fold_carries() noexcept;
  void rehome(Carry& homeless) noexcept;
  void merge_halves(Cold& other);
  template <typename Word>
  void merge_words(const Cold& other);

  uint32_t width_;
  unsigned first_level_;
  unsigned level_;
  bool empty_ = true;
  size_t carried_ = 0;       // slots of carries_ in use
  Zeroed<uint64_t> cells_;   // read as words of bits()
  Zeroed<uint64_t> joined_;  // a bit for each word of two cells
  Zeroed<Carry> carries_;    // open addressing
};

}  // namespace tallytree
