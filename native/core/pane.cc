// Panes: adding, copying, sealing.
#include "pane.h"

#include <algorithm>

namespace tallytree {

Absorption Pane::begin_absorb(Pane& other) {
  distinct.absorb(other.distinct);
  other.distinct.clear();
  return ledger.begin_absorb(other.ledger);
}

void Pane::absorb(Pane& other) {
  Absorption progress = begin_absorb(other);
  ledger.absorb_some(other.ledger, progress);
}

Pane Pane::clone() const {
  Pane copy(ledger.spec());
  copy.ledger = ledger.clone();
  copy.distinct.absorb(distinct);
  return copy;
}

void Pane::clear() noexcept {
  ledger.clear();
  distinct.clear();
}

LedgerSpec window_spec(const LedgerSpec& spec) {
  LedgerSpec narrowed = spec;
  narrowed.capacity = std::min(spec.capacity, SealedPane::kKeys);
  narrowed.cold_per_key = 0;
  return narrowed;
}

/// Two shared counts and an allocator's header come with each of up to three blocks.
size_t SealedPane::bytes(const LedgerSpec& spec) noexcept {
  constexpr size_t kBlocks = 3 * 32;
  const size_t keys = std::min(spec.capacity, kKeys);
  return sizeof(SealedPane) + kBlocks + Ledger::most_encoded(spec, keys) + Distinct::kRegisters;
}

Sealed seal(uint64_t start, const Ledger& ledger, const Distinct& distinct) {
  auto sealed = std::make_shared<SealedPane>(start, ledger.encode(), std::vector<uint8_t>{});
  if (!ledger.exact()) sealed->registers = distinct.registers();
  return sealed;
}

}  // namespace tallytree
