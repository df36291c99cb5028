// The history of a counter: its closed seconds and minutes, sealed.
#pragma once

#include <cstdint>
#include <vector>

#include "pane.h"
#include "pane_ring.h"
#include "reduction.h"
#include "saved_counter.h"
#include "window.h"

namespace tallytree {

/**
 * Takes one closed second after the other, bit by bit: the second is reduced and sealed, then added to the
 * minute it belongs to; the first second of a later minute seals the minute before.
 */
class History {
 public:
  using Ring = PaneRing<Sealed>;

  explicit History(const CounterSpec& spec);

  /// Begins with the pane that `second` filled. The one before must be done.
  void begin(uint64_t second) noexcept;
  /// Goes on with it, by about `entries` entries; true when it is done. It must not change in between.
  bool step(const Pane& pane, size_t entries);
  /// Forgets everything.
  void restart();

  /// Whether that second is sealed.
  bool has(uint64_t second) const noexcept { return ring_.has(second); }
  /// Sealed panes of the span, which is widened to what they cover. `now`: the second that is running.
  std::vector<Sealed> collect(Span& span, uint64_t now) const { return ring_.collect(span, now); }
  /// All panes that may be asked for at `now`.
  std::vector<SavedPane> saved(uint64_t now) const;
  /// Takes them up in a history that is new. `spec`: the counter's.
  void restore(const CounterSpec& spec, const std::vector<SavedPane>& panes);

  /// Most bytes it holds besides its own size.
  static size_t bytes(const CounterSpec& spec) noexcept;

 private:
  enum class Stage : uint8_t { minute, reduce, seal, distinct, spread, add, done };

  Stage advance(const Pane& pane, size_t entries);
  void close_minute();
  void reopen_minute(const CounterSpec& spec);

  Stage stage_ = Stage::done;
  uint64_t second_ = 0;  // of the pane under way
  Reduction reduction_;
  Ledger reduced_;
  Absorption progress_;  // of reduced_ into minute_
  size_t row_ = 0;       // of the spreads, that goes into minute_ next
  Pane minute_;          // the one that is open in ring_
  Ring ring_;
  uint64_t serial_ = 0;  // of the pane that was sealed last
};

}  // namespace tallytree
