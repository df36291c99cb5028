// The encoded forms of what a counter knows of a window: at once, or of a span from a snapshot.
#pragma once

#include <memory>
#include <vector>

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

/// The thread that counts only copies a spread: there is more to encode than of a ledger.
struct SpreadBytes {
  KeyType by;
  auto operator()(const Counter& counter, const Window& window) const {
    return std::make_shared<const Spread>(counter.spread(by, window));
  }
  auto operator()(const Snapshot& found) const { return found.spread(by).encode(); }
};

inline const std::vector<uint8_t>& encode(const std::vector<uint8_t>& bytes) { return bytes; }
inline std::vector<uint8_t> encode(const std::shared_ptr<const Spread>& spread) { return spread->encode(); }

}  // namespace tallytree::binding
