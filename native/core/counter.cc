// Counters: adding batches, closing panes, summing them for an answer.
#include "counter.h"

#include <utility>

#include "key_batch.h"

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

void Counter::add(std::span<const Packet* const> packets) {
  KeyBatch batch;
  Ledger& ledger = current_.ledger;
  ledger.unkeyed += batch.fill(spec().key_type, spec().secret, packets);
  for (size_t i = 0; i < batch.size; ++i) ledger.prefetch(batch.hashes[i]);
  for (size_t i = 0; i < batch.size; ++i) ledger.prefetch_entry(batch.hashes[i]);
  const bool by_packets = spec().increment == Increment::packets;
  for (size_t i = 0; i < batch.size; ++i) {
    const Packet& packet = *batch.packets[i];
    // A key that has an entry is in the distinct set already.
    if (ledger.add(batch.keys[i], batch.hashes[i], by_packets ? packet.packets : packet.bytes))
      current_.distinct.add(batch.hashes[i]);
  }
}

/// Lets a pane go into the sum; what left before it must have arrived.
void Counter::dismiss(Pane& pane) {
  settle();
  std::swap(leaving_, pane);
  if (leaving_.ledger.total() > 0 || leaving_.ledger.unkeyed > 0) state_ = Leaving::waiting;
}

void Counter::roll(uint64_t seconds) {
  dismiss(last_);
  if (seconds > 1) dismiss(current_);
  std::swap(last_, current_);
}

void Counter::settle(size_t entries) {
  if (state_ == Leaving::nothing) return;
  if (state_ == Leaving::waiting) {
    progress_ = past_.begin_absorb(leaving_);
    state_ = Leaving::moving;
    if (entries != SIZE_MAX) return;  // enough for once
  }
  if (past_.ledger.absorb_some(leaving_.ledger, progress_, entries)) state_ = Leaving::nothing;
}

Interval Counter::interval(const Key& key) const {
  const uint64_t hash = key.hash(spec().secret);
  Interval sum;
  for (const Pane* pane : {&past_, &leaving_, &last_, &current_}) {
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
  Pane past = past_.clone(), leaving = leaving_.clone();
  Absorption progress = progress_;
  if (state_ == Leaving::waiting) progress = past.begin_absorb(leaving);
  if (state_ != Leaving::nothing) past.ledger.absorb_some(leaving.ledger, progress);
  past.absorb(total);
  return past;
}

std::vector<uint8_t> Counter::ledger(Window window) const { return sum(window).ledger.encode(); }

std::vector<uint8_t> Counter::distinct(Window window) const {
  return sum(window).distinct.encode(spec().secret_check());
}

}  // namespace tallytree
