// Panes: adding, copying, sealing.
#include "pane.h"

#include <algorithm>
#include <stdexcept>

namespace tallytree {

Pane::Pane(const CounterSpec& spec)
    : ledger(spec),
      distinct(spec.distinct_precision),
      spreads(make_spreads(spec, SpreadSpec::kWindowWidth)) {}

size_t CounterSpec::spread_index(const KeyType& by) const {
  const auto found = std::ranges::find(spread_by, by);
  if (found == spread_by.end()) throw std::out_of_range("the counter keeps no spread by " + by.text());
  return static_cast<size_t>(found - spread_by.begin());
}

Spreads make_spreads(const CounterSpec& spec, uint32_t width) {
  Spreads spreads;
  for (const KeyType& by : spec.spread_by) spreads.emplace_back(spec.spread_spec(by, width));
  return spreads;
}

Spreads clone(const Spreads& spreads) {
  Spreads copies;
  for (const Spread& spread : spreads) copies.push_back(spread.clone());
  return copies;
}

Absorption Pane::begin_absorb(Pane& other) {
  distinct.absorb(other.distinct);
  other.distinct.clear();
  for (size_t i = 0; i < spreads.size(); ++i) spreads[i].absorb(other.spreads[i]);
  for (Spread& spread : other.spreads) spread.clear();
  return ledger.begin_absorb(other.ledger);
}

void Pane::absorb(Pane& other) {
  Absorption progress = begin_absorb(other);
  ledger.absorb_some(other.ledger, progress);
}

Pane Pane::clone() const {
  Pane copy(ledger.spec(), distinct.precision());
  copy.ledger = ledger.clone();
  copy.distinct.absorb(distinct);
  copy.spreads = tallytree::clone(spreads);
  return copy;
}

void Pane::clear() noexcept {
  ledger.clear();
  distinct.clear();
  for (Spread& spread : spreads) spread.clear();
}

LedgerSpec window_spec(const LedgerSpec& spec) {
  LedgerSpec narrowed = spec;
  narrowed.capacity = std::min(spec.capacity, SealedPane::kKeys);
  narrowed.cold_per_key = 0;
  return narrowed;
}

/// Two shared counts and an allocator's header come with each of up to three blocks.
size_t SealedPane::bytes(const CounterSpec& spec) noexcept {
  constexpr size_t kBlocks = 3 * 32;
  const size_t keys = std::min(spec.capacity, kKeys);
  size_t bytes = sizeof(SealedPane) + kBlocks + Ledger::most_encoded(spec, keys) +
                 UltraLogLog(spec.distinct_precision).size();
  for (const KeyType& by : spec.spread_by)
    bytes += sizeof(Spread) + Spread::clone_bytes(spec.spread_spec(by, SpreadSpec::kWindowWidth));
  return bytes;
}

Sealed seal(uint64_t start, uint64_t serial, const Ledger& ledger, const Pane& pane) {
  auto sealed = std::make_shared<SealedPane>(SealedPane{start, serial, ledger.encode(), {}, {}});
  if (!ledger.exact()) {
    sealed->registers = pane.distinct.registers();
    sealed->spreads = clone(pane.spreads);
  }
  return sealed;
}

}  // namespace tallytree
