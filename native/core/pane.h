// Panes: one stretch of time, open for counting or sealed for reading.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "distinct.h"
#include "ledger.h"

namespace tallytree {

/// One stretch of time.
struct Pane {
  explicit Pane(const LedgerSpec& spec) : ledger(spec) {}

  void absorb(Pane& other);
  Absorption begin_absorb(Pane& other);
  Pane clone() const;
  void clear() noexcept;
  bool empty() const noexcept { return ledger.total() == 0 && ledger.unkeyed == 0; }

  Ledger ledger;
  Distinct distinct;
};

/// The specification of the ledgers of sealed panes and of every sum over a span: few keys, no cold part.
LedgerSpec window_spec(const LedgerSpec& spec);

/// A closed pane in as few bytes as it needs. Never changed, so other threads may read it.
struct SealedPane {
  uint64_t start;                  ///< unix seconds
  std::vector<uint8_t> ledger;     ///< encoded, of window_spec()
  std::vector<uint8_t> registers;  ///< of the distinct keys; empty while the ledger names them all

  static constexpr uint32_t kKeys = 1024;

  /// Most bytes one of them takes, by the counter's own specification.
  static size_t bytes(const LedgerSpec& spec) noexcept;
};
using Sealed = std::shared_ptr<const SealedPane>;

/// `ledger` is of window_spec().
Sealed seal(uint64_t start, const Ledger& ledger, const Distinct& distinct);

}  // namespace tallytree
