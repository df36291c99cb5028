// A snapshot: what a counter knows of a span of seconds, to be summed on another thread.
#pragma once

#include <vector>

#include "pane.h"
#include "window.h"

namespace tallytree {

struct Snapshot {
  CounterSpec spec;  ///< the counter's
  Span covered;      ///< what it is about, to the second
  std::vector<Sealed> sealed;
  std::vector<Pane> open;  ///< copies of panes that are not sealed yet

  /// Of window_spec().
  Ledger ledger() const;
  Distinct distinct() const;
  /// Of kWindowWidth. Throws std::out_of_range.
  Spread spread(const KeyType& by) const;
  /// Pane by pane: never looser than by the sum.
  Interval interval(const Key& key) const;
};

}  // namespace tallytree
