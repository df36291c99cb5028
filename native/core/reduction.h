// A reduction: a ledger purged, bit by bit, into one of fewer entries without a cold part.
#pragma once

#include <array>
#include <cstdint>

#include "ledger.h"

namespace tallytree {

/**
 * Finds the rank (upper bound) that as many entries reach as the smaller ledger holds, a byte of it each pass
 * over the table; then copies those above. The floor rises to that rank, so every interval stays certain, and
 * as the smaller table is full of entries that reach it, floor <= total / (3/4 capacity) stays true.
 */
class Reduction {
 public:
  /// `to` becomes empty. Its specification is that of `from` but for capacity and cold part.
  void begin(const Ledger& from, Ledger& to);
  /// Looks at no more than `entries`; true when `to` is complete. `from` must not change in between.
  bool step(const Ledger& from, Ledger& to, size_t entries = SIZE_MAX);

 private:
  enum class Pass : uint8_t { rank, copy, done };

  void look(const Ledger& from, Ledger& to, size_t n);
  void note(uint64_t rank) noexcept;
  void end_pass(const Ledger& from, Ledger& to) noexcept;
  void narrow() noexcept;
  bool keeps(uint64_t rank) noexcept;

  Pass pass_ = Pass::done;
  uint32_t next_ = 0;
  unsigned shift_ = 0;   // of the byte that this pass finds
  uint64_t prefix_ = 0;  // the bytes above it; in the end the rank
  uint32_t wanted_ = 0;  // entries of exactly that prefix that are kept
  uint64_t copied_ = 0;  // weight that went along
  bool purges_ = false;
  std::array<uint32_t, 256> seen_{};
};

/// The same at once.
Ledger reduced(const Ledger& from, const LedgerSpec& spec);

}  // namespace tallytree
