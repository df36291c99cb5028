// Snapshots: the sum over panes.
#include "snapshot.h"

#include "fan_out.h"
#include "ledger_sum.h"
#include "reduction.h"

namespace tallytree {
namespace {

void add_keys(Distinct& set, const Ledger& ledger, const Secret& secret) {
  for (const Ledger::Entry& entry : ledger.entries()) set.add(entry.key.hash(secret));
}

}  // namespace

Ledger Snapshot::ledger() const {
  const LedgerSpec narrowed = window_spec(spec);
  LedgerSum of_sealed(narrowed);
  for (const Sealed& pane : sealed) of_sealed.add(pane->ledger);
  Ledger sum = of_sealed.take();
  for (const Pane& pane : open) {
    Ledger part = reduced(pane.ledger, narrowed);
    sum.absorb(part);
  }
  return sum;
}

Distinct Snapshot::distinct() const {
  Distinct set(spec.distinct_precision);
  for (const Sealed& pane : sealed) {
    if (pane->registers.empty())
      add_keys(set, Ledger::decode(pane->ledger, spec.secret), spec.secret);
    else
      set.absorb_registers(pane->registers);
  }
  for (const Pane& pane : open) set.absorb(pane.distinct);
  return set;
}

Spread Snapshot::spread(const KeyType& by) const {
  const size_t index = spec.spread_index(by);
  Spread sum(spec.spread_spec(spec.spread_by[index], SpreadSpec::kWindowWidth));
  for (const Sealed& pane : sealed) {
    if (pane->spreads.empty())
      add_entries(sum, Ledger::decode(pane->ledger, spec.secret));
    else
      sum.absorb(pane->spreads[index]);
  }
  for (const Pane& pane : open) sum.absorb(pane.spreads[index]);
  return sum;
}

Interval Snapshot::interval(const Key& key) const {
  const uint64_t hash = key.hash(spec.secret);
  Interval sum;
  const auto add = [&](const Ledger& ledger) {
    const Interval part = ledger.interval(key, hash);
    sum.lower += part.lower;
    sum.upper += part.upper;
  };
  for (const Sealed& pane : sealed) add(Ledger::decode(pane->ledger, spec.secret));
  for (const Pane& pane : open) add(pane.ledger);
  return sum;
}

}  // namespace tallytree
