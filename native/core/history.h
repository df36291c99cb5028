// The history of a counter: its closed seconds and minutes, sealed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "pane.h"
#include "reduction.h"
#include "window.h"

namespace tallytree {

/**
 * Takes one closed second after the other, bit by bit: the second is reduced and sealed, then added to the
 * minute it belongs to; the first second of a later minute seals the minute before.
 */
class History {
 public:
  static constexpr uint64_t kSeconds = 60;  ///< how far back a span is answered to the second
  static constexpr uint64_t kMinutes = 60;  ///< how far back it is answered at all

  explicit History(const CounterSpec& spec);

  /// Begins with the pane that `second` filled. The one before must be done.
  void begin(uint64_t second) noexcept;
  /// Goes on with it, by about `entries` entries; true when it is done. It must not change in between.
  bool step(const Pane& pane, size_t entries);
  /// Forgets everything.
  void restart();

  /// Whether that second is sealed.
  bool has(uint64_t second) const noexcept { return find_second(second) != nullptr; }
  /// Sealed panes of the span, which is widened to what they cover. `now`: the second that is running.
  std::vector<Sealed> collect(Span& span, uint64_t now) const;
  /// The earliest second that is answered for.
  static uint64_t oldest(uint64_t now) noexcept {
    const uint64_t minute = now / 60;
    return minute > kMinutes ? (minute - kMinutes) * 60 : 0;
  }

  /// Most bytes it holds besides its own size.
  static size_t bytes(const CounterSpec& spec) noexcept;

 private:
  /// A minute is sealed up to three seconds after its end; its seconds must be there until then.
  static constexpr uint64_t kRing = kSeconds + 4;
  enum class Stage : uint8_t { minute, reduce, seal, distinct, spread, add, done };

  Stage advance(const Pane& pane, size_t entries);
  void close_minute();
  const Sealed* find_second(uint64_t second) const noexcept;

  Stage stage_ = Stage::done;
  uint64_t second_ = 0;  // of the pane under way
  Reduction reduction_;
  Ledger reduced_;
  Absorption progress_;  // of reduced_ into minute_
  size_t row_ = 0;       // of the spreads, that goes into minute_ next
  Pane minute_;
  uint64_t minute_number_ = 0;  // of minute_; every earlier one is sealed
  std::array<Sealed, kRing> seconds_;
  std::array<Sealed, kMinutes> minutes_;
};

}  // namespace tallytree
