// The encoded forms of what a counter knows of a window: at once, or of a span from a snapshot.
#pragma once

#include "core/counter.h"

namespace tallytree::binding {

struct LedgerBytes {
  auto operator()(const Counter& counter, const Window& window) const { return counter.ledger(window); }
  auto operator()(const Snapshot& found) const { return found.ledger().encode(); }
};

struct DistinctBytes {
  auto operator()(const Counter& counter, const Window& window) const { return counter.distinct(window); }
  auto operator()(const Snapshot& found) const { return found.distinct().encode(found.spec.secret_check()); }
};

}  // namespace tallytree::binding
