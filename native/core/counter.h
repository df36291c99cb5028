// A counter: one key type, counted over all time and by the second.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "history.h"
#include "packet.h"
#include "pane.h"
#include "saved_counter.h"
#include "snapshot.h"
#include "timeline.h"
#include "window.h"

namespace tallytree {

/// Each packet updates one pane, the current second's. A closed pane stays readable for one more second.
/// Then, bit by bit, it is sealed into the history and goes into the sum of all before it, so nothing is
/// counted twice and no packet waits.
class Counter {
 public:
  explicit Counter(const CounterSpec& spec)
      : spec_(spec),
        past_(spec, spec.distinct_precision),
        leaving_(spec),
        last_(spec),
        current_(spec),
        history_(spec),
        spreads_(make_spreads(spec, SpreadSpec::kWidth)) {}

  /// Goes on where the saved one was.
  explicit Counter(SavedCounter saved);

  const CounterSpec& spec() const noexcept { return spec_; }

  /// At most kBatch packets of the running second.
  void add(std::span<const Packet* const> packets) { add(packets, time_.second); }
  /// The same of a second that may be the last one before it in which the clock was seen.
  void add(std::span<const Packet* const> packets, uint64_t second,
           Admission admission = Admission::always);

  /// The clock shows `second`, unix seconds. On a clock that was set back, spans begin anew.
  void roll(uint64_t second);

  /// Goes on with the pane that is leaving, by about `entries` entries; true when nothing is left of it.
  /// roll() does what is left.
  bool settle(size_t entries = SIZE_MAX);

  Interval interval(const Key& key, const Window& window = All{}) const;
  std::vector<uint8_t> ledger(const Window& window) const;
  std::vector<uint8_t> distinct(const Window& window) const;

  /// By a type of CounterSpec::spread_by. Throws std::out_of_range for another.
  Spread spread(const KeyType& by, const Window& window) const;

  /// What the answer about a window is really about, in whole seconds.
  Span covered(const Window& window) const;
  /// What is known of a span: to the second within the last 60, to the minute within the last hour.
  Snapshot look(const Span& span) const;

  /// A copy to be kept; sealed panes are shared.
  SavedCounter save() const;

  /// Most bytes a counter of this specification ever holds.
  static size_t bytes(const CounterSpec& spec) noexcept;

 private:
  static constexpr size_t kPanes = 4;

  Pane sum(bool with_past) const;
  void dismiss(Pane& pane, uint64_t second);
  void restart(uint64_t second);
  void settle_some(size_t entries);

  CounterSpec spec_;
  Pane past_;     // all panes before leaving_; without spreads
  Pane leaving_;  // on its way into history_ and past_, or empty
  Pane last_;     // the last closed one
  Pane current_;  // the second that is running
  History history_;
  Spreads spreads_;  // since the counter was made: a key may go into a union again and again
  Timeline time_;
  uint64_t leaving_second_ = 0;
  enum class Leaving : uint8_t { nothing, sealing, waiting, moving } state_ = Leaving::nothing;
  Absorption progress_;  // of leaving_ while moving
};

}  // namespace tallytree
