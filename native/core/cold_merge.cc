// Cold: adding one sketch to another, many cells at once.
#include <algorithm>
#include <bit>
#include <cstring>

#include "cold.h"
#include "vectorized.h"

namespace tallytree {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080, kLow = 0x0f0f0f0f0f0f0f0f;

/// A block: 32 words of two cells each, as many as an AVX2 register holds. Which are joined is told by the bits of
/// one number.
using Lanes = uint64_t __attribute__((vector_size(32)));
using Bits = uint32_t;
constexpr size_t kBlockWords = sizeof(Lanes), kLanes = kBlockWords / 8;
constexpr Lanes kLaneBits = {0, 8, 16, 24};

Bits bits_of(const uint64_t* joined, size_t block) noexcept {
  return static_cast<Bits>(joined[block / 2] >> block % 2 * 32);
}
void set_bits(uint64_t* joined, size_t block, Bits bits) noexcept {
  const auto shift = block % 2 * 32;
  joined[block / 2] = (joined[block / 2] & ~(uint64_t{UINT32_MAX} << shift)) | uint64_t{bits} << shift;
}

/// One of the two blocks that are added. `joined`: bytes of 0 or 255; `whole`: the words as if all were joined.
struct Side {
  Lanes low, high, joined, whole;

  [[gnu::always_inline]] void load(const uint64_t* from, Bits joined_bits) noexcept {
    Lanes words;
    std::memcpy(&words, from, sizeof words);
    Lanes bits = (Lanes{} + joined_bits) >> kLaneBits & 255;
    bits |= bits << 8;
    bits |= bits << 16;
    bits |= bits << 32;
    bits = ((bits & 0x8040201008040201) + ~kTops) >> 7 & kOnes;
    joined = (bits << 8) - bits;
    low = words & kLow;
    high = words >> 4 & kLow;
    whole = (joined & words) | (~joined & (low + high));
  }
};

/// Bytes of 0 or 1 to bits.
[[gnu::always_inline]] inline Bits gathered(const Lanes& bytes) noexcept {
  Lanes bits = bytes | bytes >> 7;
  bits |= bits >> 14;
  bits = ((bits | bits >> 28) & 255) << kLaneBits;
  uint64_t all = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) all |= bits[lane];
  return static_cast<Bits>(all);
}

/// Adds blocks `from` up to `end`, or to one in which joined words overflow: these are the bits of `overflows`.
/// The number of the block after the last.
TALLYTREE_VECTORIZED size_t add_blocks(uint64_t* ours, uint64_t* our_joined, const uint64_t* theirs,
                                       const uint64_t* their_joined, size_t from, size_t end,
                                       Bits& overflows) noexcept {
  size_t block = from;
  for (overflows = 0; block < end && overflows == 0; ++block) {
    Side a, b;
    a.load(ours + block * kLanes, bits_of(our_joined, block));
    b.load(theirs + block * kLanes, bits_of(their_joined, block));
    const Lanes low = a.low + b.low, high = a.high + b.high;
    const Lanes grown = (low | high) >> 4 & kOnes;
    const Lanes joined = a.joined | b.joined | ((grown << 8) - grown);
    const Lanes whole = ((a.whole & ~kTops) + (b.whole & ~kTops)) ^ ((a.whole ^ b.whole) & kTops);
    const Lanes carried = (a.whole & b.whole) | ((a.whole | b.whole) & ~whole);
    const Lanes words = (joined & whole) | (~joined & (low | (high & kLow) << 4));
    std::memcpy(ours + block * kLanes, &words, sizeof words);
    set_bits(our_joined, block, gathered(joined & kOnes));
    overflows = gathered((carried & joined) >> 7 & kOnes);
  }
  return block;
}

}  // namespace

void Cold::merge_halves(Cold& other) {
  const size_t words = other.word_of(other.all_cells()), blocks = words / kBlockWords;
  size_t block = 0;
  while (level_ == 0 && block < blocks) {
    Bits overflows;
    block = add_blocks(cells_.data(), joined_.data(), other.cells_.data(), other.joined_.data(), block, blocks,
                       overflows);
    for (; overflows != 0; overflows &= overflows - 1) {
      const size_t at = (block - 1) * kBlockWords + static_cast<size_t>(std::countr_zero(overflows));
      if (level_ == 0)
        carry(at, 1);
      else  // folded at the last one
        add_to_cell(2 * at >> level_, 256);
    }
  }
  for (size_t i = 2 * block * kBlockWords; i < 2 * words; ++i)
    if (!other.is_second(i)) add_to_cell(i >> level_, other.is_half(i) ? other.value(i) : other.word(i / 2));
}

/// Blocks in which no word overflows, nearly all, are added without a look at single ones.
template <typename Word>
void Cold::merge_words(const Cold& other) {
  constexpr size_t kBlock = 64 / sizeof(Word);
  const size_t cells = all_cells();
  const unsigned level = level_;
  for (size_t first = 0; first < cells; first += kBlock) {
    const size_t end = std::min(first + kBlock, cells);
    Word* ours = words<Word>();
    const Word* theirs = other.words<Word>();
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
