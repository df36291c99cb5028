// Where a counter stands in time: which seconds it covers, and what of a window that is.
#pragma once

#include <algorithm>
#include <cstdint>

#include "window.h"

namespace tallytree {

/// In unix seconds; 0: none yet.
struct Timeline {
  uint64_t since = 0;   ///< the first second
  uint64_t second = 0;  ///< the running one
  uint64_t last = 0;    ///< the one that was closed last; after the clock was set back none

  /// After a gap it is not.
  bool last_is_recent() const noexcept { return last + 1 == second; }

  /// Whether a packet of that second came before the clock was set back.
  bool was_set_back(uint64_t packet) const noexcept { return last == 0 && packet > second; }

  Span covered(All) const noexcept { return {since, second + 1}; }
  Span covered(Realtime) const noexcept {
    return {std::max(since, second == 0 ? 0 : second - 1), second + 1};
  }
  /// What can be known of a span when nothing before `oldest` is.
  Span within(const Span& asked, uint64_t oldest) const noexcept {
    const uint64_t from = std::max({asked.from, since, oldest});
    return {from, std::max(from, std::min(asked.to, second + 1))};
  }
  /// What panes that make up `found` cover of it. Nothing: a moment within, so that what other hosts cover
  /// stays as it is.
  Span covered(const Span& asked, const Span& found) const noexcept {
    const uint64_t from = std::max(found.from, since);
    if (from < found.to) return {from, found.to};
    const uint64_t moment = std::min(from, asked.to);
    return {moment, moment};
  }
};

}  // namespace tallytree
