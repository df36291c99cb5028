// History: sealing seconds and minutes, and finding those of a span.
#include "history.h"

#include <algorithm>

#include "snapshot.h"

namespace tallytree {

namespace {

CounterSpec minute_spec(const CounterSpec& spec) {
  CounterSpec narrowed(window_spec(spec));
  narrowed.spread_by = spec.spread_by;
  narrowed.distinct_precision = spec.distinct_precision;
  return narrowed;
}

}  // namespace

History::History(const CounterSpec& spec) : reduced_(window_spec(spec)), minute_(minute_spec(spec)) {}

void History::begin(uint64_t second) noexcept {
  second_ = second;
  stage_ = Stage::minute;
}

bool History::step(const Pane& pane, size_t entries) {
  if (stage_ != Stage::done) stage_ = advance(pane, entries);
  return stage_ == Stage::done;
}

/// Each stage ends a step, so that no packet waits for two of them.
History::Stage History::advance(const Pane& pane, size_t entries) {
  switch (stage_) {
    case Stage::minute:
      close_minute();
      if (pane.empty()) return Stage::done;
      reduction_.begin(pane.ledger, reduced_);
      return Stage::reduce;
    case Stage::reduce:
      return reduction_.step(pane.ledger, reduced_, entries) ? Stage::seal : Stage::reduce;
    case Stage::seal:
      ring_.put_second(seal(second_, ++serial_, reduced_, pane));
      return Stage::distinct;
    case Stage::distinct:
      minute_.distinct.absorb(pane.distinct);
      progress_ = minute_.ledger.begin_absorb(reduced_);
      row_ = 0;
      return minute_.spreads.empty() ? Stage::add : Stage::spread;
    case Stage::spread:
      for (size_t i = 0; i < minute_.spreads.size(); ++i)
        minute_.spreads[i].absorb_row(pane.spreads[i], row_);
      return ++row_ < Spread::kRows ? Stage::spread : Stage::add;
    case Stage::add:
      return minute_.ledger.absorb_some(reduced_, progress_, entries) ? Stage::done : Stage::add;
    case Stage::done:
      break;
  }
  return Stage::done;
}

/// Seals the minute before that of the pane under way, once.
void History::close_minute() {
  const uint64_t minute = second_ / 60;
  if (minute == ring_.open_minute()) return;
  if (!minute_.empty()) ring_.put_minute(seal(ring_.open_minute() * 60, ++serial_, minute_.ledger, minute_));
  minute_.clear();
  ring_.open(minute);
}

void History::restart() {
  stage_ = Stage::done;
  minute_.clear();
  reduced_.clear();
  ring_.clear();
}

std::vector<SavedPane> History::saved(uint64_t now) const {
  std::vector<SavedPane> panes;
  ring_.each(now, [&](const Sealed& pane, bool minute) { panes.push_back({minute, pane}); });
  std::ranges::sort(panes, {}, [](const SavedPane& saved) { return saved.pane->start; });
  return panes;
}

void History::restore(const CounterSpec& spec, const std::vector<SavedPane>& panes) {
  uint64_t last_minute = 0;  // that is sealed
  for (const auto& [minute, pane] : panes) {
    minute ? ring_.put_minute(pane) : ring_.put_second(pane);
    ring_.open(std::max(ring_.open_minute(), pane->start / 60));
    if (minute) last_minute = std::max(last_minute, pane->start / 60);
    serial_ = std::max(serial_, pane->serial);
  }
  if (last_minute < ring_.open_minute()) reopen_minute(spec);
}

/// Its seconds are there until it is sealed.
void History::reopen_minute(const CounterSpec& spec) {
  const uint64_t start = ring_.open_minute() * 60;
  Span span{start, start + 60};
  const Snapshot found{spec, span, ring_.collect(span, start), {}};
  minute_.ledger = found.ledger();
  minute_.distinct = found.distinct();
  for (size_t i = 0; i < spec.spread_by.size(); ++i) minute_.spreads[i] = found.spread(spec.spread_by[i]);
}

size_t History::bytes(const CounterSpec& spec) noexcept {
  const LedgerSpec narrowed = window_spec(spec);
  return 2 * Ledger::bytes(narrowed) + Distinct::bytes(spec.distinct_precision) +
         Ring::kPanes * SealedPane::bytes(spec);
}

}  // namespace tallytree
