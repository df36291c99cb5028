// Counters: adding batches, closing panes, summing them for an answer.
#include "counter.h"

#include <array>
#include <utility>

namespace tallytree {

void Pane::absorb(Pane& other) {
  ledger.absorb(other.ledger);
  distinct.absorb(other.distinct);
  other.distinct.clear();
}

void Pane::clear() noexcept {
  ledger.clear();
  distinct.clear();
}

Pane Pane::clone() const {
  Pane copy(ledger.spec());
  copy.ledger = ledger.clone();
  copy.distinct.absorb(distinct);
  return copy;
}

void Counter::add(std::span<const Packet* const> packets) {
  struct Keyed {
    Key key;
    uint64_t hash;
    uint64_t amount;
  };
  std::array<Keyed, kBatch> batch;
  size_t n = 0;
  Ledger& ledger = current_.ledger;
  for (const Packet* packet : packets) {
    Keyed& keyed = batch[n];
    if (!spec().key_type.make(*packet, keyed.key)) {
      ledger.unkeyed += packet->packets;
      continue;
    }
    keyed.hash = keyed.key.hash(spec().secret);
    keyed.amount = spec().increment == Increment::packets ? packet->packets : packet->bytes;
    ledger.prefetch(keyed.hash);
    ++n;
  }
  // A key that has an entry is in the distinct set already.
  for (size_t i = 0; i < n; ++i)
    if (ledger.add(batch[i].key, batch[i].hash, batch[i].amount)) current_.distinct.add(batch[i].hash);
}

void Counter::roll(uint64_t seconds) {
  past_.absorb(last_);
  if (seconds > 1) past_.absorb(current_);
  std::swap(last_, current_);
}

Interval Counter::interval(const Key& key) const {
  const uint64_t hash = key.hash(spec().secret);
  Interval sum;
  for (const Pane* pane : {&past_, &last_, &current_}) {
    const Interval part = pane->ledger.interval(key, hash);
    sum.lower += part.lower;
    sum.upper += part.upper;
  }
  return sum;
}

Pane Counter::sum(Window window) const {
  Pane total = last_.clone();
  Pane current = current_.clone();
  total.absorb(current);
  if (window == Window::realtime) return total;
  Pane past = past_.clone();
  past.absorb(total);
  return past;
}

std::vector<uint8_t> Counter::ledger(Window window) const { return sum(window).ledger.encode(); }

std::vector<uint8_t> Counter::distinct(Window window) const {
  return sum(window).distinct.encode(spec().secret_check());
}

}  // namespace tallytree
