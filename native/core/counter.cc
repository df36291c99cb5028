// Counters: adding batches, closing panes, summing them for an answer.
#include "counter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "key_batch.h"

namespace tallytree {

/// All is absorbed, so that the texts of labels come along. The open panes are counted once more, each in its
/// second, so that they are sealed in their turn.
Counter::Counter(SavedCounter saved) : Counter(saved.spec) {
  saved.settle();
  past_.absorb(saved.past);
  for (size_t i = 0; i < spreads_.size(); ++i) spreads_[i].absorb(saved.spreads[i]);
  history_.restore(spec_, saved.sealed);
  time_.since = saved.since;
  time_.second = saved.open.front().second;
  time_.last = time_.second > 0 ? time_.second - 1 : 0;
  for (auto& [second, pane] : saved.open) {
    roll(second);
    current_.absorb(pane);
  }
}

SavedCounter Counter::save() const {
  SavedCounter saved(spec_);
  saved.since = time_.since;
  saved.past = past_.clone();
  saved.spreads = clone(spreads_);
  saved.sealed = history_.saved(time_.second);
  const bool sealing = state_ == Leaving::sealing;
  if (sealing)
    std::erase_if(saved.sealed,
                  [&](const SavedPane& it) { return !it.minute && it.pane->start == leaving_second_; });
  const auto open = [&](const Pane& pane, uint64_t second) { saved.open.push_back({second, pane.clone()}); };
  if (sealing && !leaving_.empty()) open(leaving_, leaving_second_);
  if (!last_.empty() && time_.last != 0) open(last_, time_.last);
  open(current_, time_.second);
  if (state_ == Leaving::waiting || state_ == Leaving::moving) saved.leaving.push_back(leaving_.clone());
  if (state_ == Leaving::moving) saved.progress = progress_;
  if (!last_.empty() && time_.last == 0) saved.leaving.push_back(last_.clone());
  return saved;
}

void Counter::add(std::span<const Packet* const> packets, uint64_t second, Admission admission) {
  const KeyBatch batch(spec().key_type, spec().secret, packets);
  const bool late = second == time_.last && time_.second > time_.since;
  Pane& pane = late || time_.was_set_back(second) ? last_ : current_;
  Ledger& ledger = pane.ledger;
  ledger.unkeyed += batch.unkeyed;
  const bool by_packets = spec().increment == Increment::packets;
  std::array<uint64_t, kBatch> amounts;
  for (size_t i = 0; i < batch.size; ++i) {
    amounts[i] = by_packets ? batch.packets[i]->packets : batch.packets[i]->bytes;
    pane.distinct.prefetch(batch.hashes[i]);
  }
  // A key that has an entry is in the distinct set already.
  uint64_t fresh =
      ledger.add({batch.keys.data(), batch.size}, batch.hashes.data(), amounts.data(), admission);
  for (; fresh != 0; fresh &= fresh - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(fresh));
    pane.distinct.add(batch.hashes[i]);
    for (Spread& spread : pane.spreads) spread.add(batch.keys[i], batch.hashes[i]);
    for (Spread& spread : spreads_) spread.add(batch.keys[i], batch.hashes[i]);
  }
}

/// Lets a pane go into history and sum, or into the sum alone (second 0); what left before it must have
/// arrived.
void Counter::dismiss(Pane& pane, uint64_t second) {
  settle();
  std::swap(leaving_, pane);
  leaving_second_ = second;
  if (second != 0) history_.begin(second);
  state_ = second != 0 ? Leaving::sealing : leaving_.empty() ? Leaving::nothing : Leaving::waiting;
}

void Counter::roll(uint64_t second) {
  if (time_.second == 0) time_.since = time_.second = second;
  if (second < time_.second) return restart(second);
  if (second == time_.second) return;
  dismiss(last_, time_.last);
  std::swap(last_, current_);
  time_.last = time_.second;
  time_.second = second;
}

/// Seconds that come a second time must not be mixed with those that were: what is open goes into the sum
/// alone, one pane after the other.
void Counter::restart(uint64_t second) {
  history_.restart();
  if (state_ == Leaving::sealing) state_ = leaving_.empty() ? Leaving::nothing : Leaving::waiting;
  dismiss(last_, 0);
  std::swap(last_, current_);
  time_ = {second, second, 0};
}

bool Counter::settle(size_t entries) {
  do settle_some(entries);
  while (entries == SIZE_MAX && state_ != Leaving::nothing);
  return state_ == Leaving::nothing;
}

void Counter::settle_some(size_t entries) {
  switch (state_) {
    case Leaving::nothing:
      return;
    case Leaving::sealing:
      if (history_.step(leaving_, entries)) state_ = leaving_.empty() ? Leaving::nothing : Leaving::waiting;
      return;
    case Leaving::waiting:
      progress_ = past_.begin_absorb(leaving_);
      state_ = Leaving::moving;
      return;
    case Leaving::moving:
      if (past_.ledger.absorb_some(leaving_.ledger, progress_, entries)) state_ = Leaving::nothing;
  }
}

Interval Counter::interval(const Key& key, const Window& window) const {
  if (const auto* span = std::get_if<Span>(&window)) return look(*span).interval(key);
  const uint64_t hash = key.hash(spec().secret);
  const bool all = std::holds_alternative<All>(window);
  Interval sum;
  for (const Pane* pane : {&past_, &leaving_, &last_, &current_}) {
    if (!all && (pane == &past_ || pane == &leaving_ || (pane == &last_ && !time_.last_is_recent())))
      continue;
    const Interval part = pane->ledger.interval(key, hash);
    sum.lower += part.lower;
    sum.upper += part.upper;
  }
  return sum;
}

Pane Counter::sum(bool with_past) const {
  Pane total = with_past || time_.last_is_recent() ? last_.clone() : Pane(spec());
  Pane current = current_.clone();
  total.absorb(current);
  if (!with_past) return total;
  Pane past = past_.clone(), leaving = leaving_.clone();
  Absorption progress = progress_;
  if (state_ == Leaving::sealing || state_ == Leaving::waiting) progress = past.begin_absorb(leaving);
  if (state_ != Leaving::nothing) past.ledger.absorb_some(leaving.ledger, progress);
  past.absorb(total);
  return past;
}

std::vector<uint8_t> Counter::ledger(const Window& window) const {
  if (const auto* span = std::get_if<Span>(&window)) return look(*span).ledger().encode();
  return sum(std::holds_alternative<All>(window)).ledger.encode();
}

std::vector<uint8_t> Counter::distinct(const Window& window) const {
  const uint64_t check = spec().secret_check();
  if (const auto* span = std::get_if<Span>(&window)) return look(*span).distinct().encode(check);
  return sum(std::holds_alternative<All>(window)).distinct.encode(check);
}

Spread Counter::spread(const KeyType& by, const Window& window) const {
  const size_t index = spec_.spread_index(by);
  if (const auto* span = std::get_if<Span>(&window)) return look(*span).spread(by);
  if (std::holds_alternative<All>(window)) return spreads_[index].clone();
  Spread sum = current_.spreads[index].clone();
  if (time_.last_is_recent()) sum.absorb(last_.spreads[index]);
  return sum;
}

size_t Counter::bytes(const CounterSpec& spec) noexcept {
  size_t bytes = sizeof(Counter) + kPanes * (Ledger::bytes(spec) + Distinct::bytes(spec.distinct_precision)) +
                 History::bytes(spec);
  for (const KeyType& by : spec.spread_by) {
    bytes += sizeof(Spread) + Spread::bytes(spec.spread_spec(by, SpreadSpec::kWidth));
    bytes += kPanes * (sizeof(Spread) + Spread::bytes(spec.spread_spec(by, SpreadSpec::kWindowWidth)));
  }
  return bytes;
}

Span Counter::covered(const Window& window) const {
  if (const auto* span = std::get_if<Span>(&window)) return look(*span).covered;
  return std::holds_alternative<All>(window) ? time_.covered(All{}) : time_.covered(Realtime{});
}

Snapshot Counter::look(const Span& asked) const {
  Span span = time_.within(asked, History::Ring::oldest(time_.second));
  Snapshot found{spec(), span, {}, {}};
  found.sealed = history_.collect(span, time_.second);
  const std::pair<const Pane*, uint64_t> panes[] = {
      {&leaving_, leaving_second_}, {&last_, time_.last}, {&current_, time_.second}};
  for (const auto& [pane, second] : panes) {
    const bool taken = pane == &leaving_ && (state_ != Leaving::sealing || history_.has(second));
    if (span.holds(second) && !taken && !pane->empty()) found.open.push_back(pane->clone());
  }
  found.covered = time_.covered(asked, span);
  return found;
}

}  // namespace tallytree
