// Cold: adding one sketch to another, many cells at once.
#include <algorithm>
#include <cstring>

#include "cold.h"

namespace tallytree {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080, kLow = 0x0f0f0f0f0f0f0f0f;

/// Eight bits to eight bytes of 0 or 255, and back.
uint64_t spread(uint64_t bits) noexcept {
  const uint64_t own = (bits * kOnes) & 0x8040201008040201;
  return ((own + ~kTops) >> 7 & kOnes) * 255;
}
uint64_t gathered(uint64_t bytes) noexcept { return (bytes & kOnes) * 0x0102040810204080 >> 56; }

/// Eight words of two cells each, and which of them are joined, as bytes of 0 or 255.
struct Eight {
  uint64_t words, joined;

  uint64_t low() const noexcept { return words & kLow; }
  uint64_t high() const noexcept { return words >> 4 & kLow; }
  /// As if all were joined.
  uint64_t whole() const noexcept { return (joined & words) | (~joined & (low() + high())); }
};

/// False when a joined word overflows.
bool add_eight(const Eight& a, const Eight& b, Eight& sum) noexcept {
  const uint64_t low = a.low() + b.low(), high = a.high() + b.high();
  sum.joined = a.joined | b.joined | ((low | high) >> 4 & kOnes) * 255;
  const uint64_t x = a.whole(), y = b.whole();
  const uint64_t whole = ((x & ~kTops) + (y & ~kTops)) ^ ((x ^ y) & kTops);
  const uint64_t overflows = ((x & y) | ((x | y) & ~whole)) & kTops;
  sum.words = (sum.joined & whole) | (~sum.joined & (low | (high & kLow) << 4));
  return (overflows & sum.joined) == 0;
}

}  // namespace

void Cold::merge_halves(Cold& other) {
  const size_t words = other.word_of(other.all_cells());
  for (size_t at = 0; at < words; at += 8) {
    if (other.cells_[at / 8] == 0) continue;
    const Eight theirs{other.cells_[at / 8], spread(other.joined_[at / 64] >> at % 64 & 255)};
    Eight sum{};
    if (level_ == 0 && add_eight({cells_[at / 8], spread(joined_[at / 64] >> at % 64 & 255)}, theirs, sum)) {
      cells_[at / 8] = sum.words;
      joined_[at / 64] |= gathered(sum.joined) << at % 64;
      continue;
    }
    for (size_t i = 2 * at; i < 2 * (at + 8); ++i)
      if (!other.is_second(i))
        add_to_cell(i >> level_, other.is_half(i) ? other.value(i) : other.word(i / 2));
  }
}

/// Blocks in which no word overflows, nearly all, are added without a look at single ones.
template <typename Word>
void Cold::merge_words(const Cold& other) {
  constexpr size_t kBlock = 64 / sizeof(Word);
  const size_t cells = all_cells();
  const unsigned level = level_;
  for (size_t first = 0; first < cells; first += kBlock) {
    const size_t end = std::min(first + kBlock, cells);
    Word* ours = reinterpret_cast<Word*>(cells_.data());
    const Word* theirs = reinterpret_cast<const Word*>(other.cells_.data());
    Word sums[kBlock];
    unsigned overflows = 0;
    for (size_t i = first; i < end; ++i) {
      sums[i - first] = static_cast<Word>(ours[i] + theirs[i]);
      overflows |= sums[i - first] < ours[i];
    }
    if (overflows == 0) {
      std::memcpy(ours + first, sums, (end - first) * sizeof(Word));
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
      merge_halves(other);
      break;
    case 1:
      merge_words<uint8_t>(other);
      break;
    case 2:
      merge_words<uint16_t>(other);
      break;
    case 3:
      merge_words<uint32_t>(other);
      break;
    default:
      merge_words<uint64_t>(other);
  }
  for (size_t i = 0; i < other.carries_.size() && other.carried_ > 0; ++i)
    if (const Carry& theirs = other.carries_[i]; theirs.index != 0) {
      const size_t first = other.level_ == 0 ? 2 * (theirs.index - 1) : theirs.index - 1;
      add_to_cell(first >> (level_ - other.level_), theirs.above << other.bits());
    }
}

}  // namespace tallytree
