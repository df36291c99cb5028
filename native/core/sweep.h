// The sweep: walks a full table step by step, and finds out on the way how far the floor may rise.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tallytree {

/**
 * A hand goes round over the places of the table. Of each entry it passes it notes the excess, how far the
 * entry's rank stands above the floor. When the round is complete, the notes tell a height that enough
 * entries are known to reach: ranks never fall, so notes only err on the low side. Excesses below 16 are told
 * apart, and beyond that an eighth of an octave.
 */
class Sweep {
 public:
  uint32_t hand = 0;  ///< the next place to look at

  /// An entry that the hand went past without a note: it may give way, unless it is hit before its turn.
  struct Candidate {
    uint32_t place;
    uint32_t tag;  ///< of the key that is there
  };
  static constexpr size_t kAhead = 8;  ///< most candidates at a time
  std::array<Candidate, kAhead> ahead;
  uint32_t next = 0, end = 0;  ///< of `ahead`, those still to come

  void note(uint64_t excess) noexcept { ++seen_[bucket(excess)]; }

  /// Ends a round: the largest height that at least `kept` noted entries reach. The next round begins.
  [[gnu::noinline]] uint64_t finish(uint32_t noted, uint32_t kept) noexcept {
    size_t at = 0;
    uint32_t reach = noted;
    while (at + 1 < kBuckets && reach - seen_[at] >= kept) reach -= seen_[at++];
    reset();
    return height(at);
  }

  void reset() noexcept {
    hand = next = end = 0;
    seen_.fill(0);
  }

 private:
  static constexpr size_t kBuckets = 16 + 60 * 8;

  static size_t bucket(uint64_t excess) noexcept {
    if (excess < 16) return excess;
    const auto octave = static_cast<unsigned>(std::bit_width(excess)) - 1;
    return 16 + (octave - 4) * 8 + ((excess >> (octave - 3)) & 7);
  }
  /// The least excess of a bucket.
  static uint64_t height(size_t bucket) noexcept {
    if (bucket < 16) return bucket;
    return (8 + (bucket & 7)) << ((bucket - 16) / 8 + 1);
  }

  std::array<uint32_t, kBuckets> seen_{};
};

}  // namespace tallytree
