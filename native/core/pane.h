// Panes: one stretch of time, open for counting or sealed for reading.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "distinct.h"
#include "ledger.h"
#include "spread.h"

namespace tallytree {

/// What a counter counts.
struct CounterSpec : LedgerSpec {
  CounterSpec() = default;
  explicit CounterSpec(const LedgerSpec& spec) : LedgerSpec(spec) {}

  /// Coarser key types: how many keys each of theirs owns is kept beyond what the ledger can tell.
  std::vector<KeyType> spread_by;
  /// Of the set of distinct keys.
  unsigned distinct_precision = Distinct::kPrecision;

  SpreadSpec spread_spec(const KeyType& by, uint32_t width) const { return {key_type, by, width, secret}; }
  /// Whose packets they are that will be counted.
  void use(const std::shared_ptr<Labels>& labels) {
    key_type.use(labels);
    for (KeyType& by : spread_by) by.use(labels);
  }

  /// Where in spread_by. Throws std::out_of_range.
  size_t spread_index(const KeyType& by) const;
};

/// One for each of CounterSpec::spread_by.
using Spreads = std::vector<Spread>;

/// One stretch of time.
struct Pane {
  /// Without spreads.
  Pane(const LedgerSpec& spec, unsigned distinct_precision) : ledger(spec), distinct(distinct_precision) {}
  /// With those of CounterSpec::spread_by.
  explicit Pane(const CounterSpec& spec);

  void absorb(Pane& other);
  Absorption begin_absorb(Pane& other);
  Pane clone() const;
  void clear() noexcept;
  bool empty() const noexcept { return ledger.total() == 0 && ledger.unkeyed == 0; }

  Ledger ledger;
  Distinct distinct;
  Spreads spreads;  ///< of kWindowWidth
};

Spreads make_spreads(const CounterSpec& spec, uint32_t width);
Spreads clone(const Spreads& spreads);

/// The specification of the ledgers of sealed panes and of every sum over a span: few keys, no cold part.
LedgerSpec window_spec(const LedgerSpec& spec);

/// A closed pane in as few bytes as it needs. Never changed, so other threads may read it.
struct SealedPane {
  uint64_t start;                  ///< unix seconds
  uint64_t serial;                 ///< no two panes of a counter have the same
  std::vector<uint8_t> ledger;     ///< encoded, of window_spec()
  std::vector<uint8_t> registers;  ///< of the distinct keys; empty while the ledger names them all
  Spreads spreads;                 ///< the same

  static constexpr uint32_t kKeys = 1024;

  /// Most bytes one of them takes, by the counter's own specification.
  static size_t bytes(const CounterSpec& spec) noexcept;
};
using Sealed = std::shared_ptr<const SealedPane>;

/// `ledger` is that of the pane in the form of window_spec().
Sealed seal(uint64_t start, uint64_t serial, const Ledger& ledger, const Pane& pane);

}  // namespace tallytree
