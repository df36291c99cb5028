// The sum of many encoded ledgers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ledger.h"
#include "ledger_reader.h"

namespace tallytree {

/**
 * Adds them in a table with room for more keys than a ledger has, and gives up entries only when it is full and
 * at the end: quicker than one Ledger::absorb() after the other, and tighter as a rule. Of each key it keeps what
 * the ledgers that have it counted, and by how much their priors are below their floors; every other ledger may
 * have counted its floor. DESIGN.md has the proof.
 */
class LedgerSum {
 public:
  explicit LedgerSum(const LedgerSpec& spec);

  /// Throws as Ledger::decode(), and Incompatible when the specifications differ; then the sum is of no use any
  /// more.
  void add(std::span<const uint8_t> encoded);
  /// Everything that was added; once.
  Ledger take();

 private:
  static size_t room(const LedgerSpec& spec) noexcept;

  void add_entry(const Key& key, Tag tag, const Count& count, uint64_t floor);
  void settle();
  void reopen();

  Ledger sum_;                 // all but its entries
  HotTable table_;             // priors are what is to be taken off the floor
  std::vector<bool> touched_;  // by it: places of table_
};

/// The sum of at least one. Throws as LedgerSum::add().
Ledger sum_of(std::span<const std::span<const uint8_t>> encoded, const Secret& secret);

}  // namespace tallytree
