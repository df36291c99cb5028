// What is kept of a counter, so that a later process can go on with it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pane.h"

namespace tallytree {

/// A sealed second or minute.
struct SavedPane {
  bool minute = false;
  Sealed pane;

  /// The byte form; saved_counter.cc has the layout.
  std::vector<uint8_t> encode() const;
  /// `spec`: the counter's. Throws std::invalid_argument for anything that is not exactly one encoded pane,
  /// Incompatible for one of another counter.
  static SavedPane decode(std::span<const uint8_t> bytes, const CounterSpec& spec);
};

/// Copied on the thread that counts, put in order and encoded on another.
struct SavedCounter {
  struct Open {
    uint64_t second;
    Pane pane;
  };

  explicit SavedCounter(const CounterSpec& counter_spec)
      : spec(counter_spec), past(spec, spec.distinct_precision) {}

  CounterSpec spec;
  uint64_t since = 0;
  Pane past;                           ///< what no open pane has; without spreads
  Spreads spreads;                     ///< since the counter was made
  std::vector<Open> open;              ///< not sealed yet, by time; the last one is the running second
  std::vector<SavedPane> sealed;       ///< by time
  std::vector<Pane> leaving;           ///< on their way into `past` alone, in this order
  std::optional<Absorption> progress;  ///< of the first, once it has begun

  /// Brings `leaving` into `past`.
  void settle();

  /// The byte form of a settled one, without `sealed`; saved_counter.cc has the layout.
  std::vector<uint8_t> encode() const;
  /// As SavedPane::decode.
  static SavedCounter decode(std::span<const uint8_t> bytes, const CounterSpec& spec);
};

}  // namespace tallytree
