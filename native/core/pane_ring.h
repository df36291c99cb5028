// The closed panes of the last seconds and minutes, and which of them make up a span.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "window.h"

namespace tallytree {

/// `Sealed` points to a closed pane, or to nothing; what it points to has a `start` in unix seconds.
template <typename Sealed>
class PaneRing {
 public:
  static constexpr uint64_t kSeconds = 60;  ///< how far back a span is answered to the second
  static constexpr uint64_t kMinutes = 60;  ///< how far back it is answered at all
  /// A minute is sealed up to three seconds after its end; its seconds must be there until then.
  static constexpr uint64_t kRing = kSeconds + 4;
  static constexpr size_t kPanes = kRing + kMinutes;

  void put_second(Sealed pane) { seconds_[pane->start % kRing] = std::move(pane); }

  /// The minute whose seconds are coming in; every earlier one is sealed.
  uint64_t open_minute() const noexcept { return open_minute_; }
  void put_minute(Sealed pane) { minutes_[pane->start / 60 % kMinutes] = std::move(pane); }
  void open(uint64_t minute) noexcept { open_minute_ = minute; }

  bool has(uint64_t second) const noexcept { return find_second(second) != nullptr; }
  /// Panes of the span, which is widened to what they cover. `now`: the second that is running.
  std::vector<Sealed> collect(Span& span, uint64_t now) const;
  /// Calls visit(pane, is minute) for those that may be asked for at `now`.
  template <typename Visit>
  void each(uint64_t now, Visit&& visit) const {
    for (const Sealed& pane : minutes_)
      if (pane && pane->start >= oldest(now)) visit(pane, true);
    for (const Sealed& pane : seconds_)
      if (pane && pane->start + kRing >= now) visit(pane, false);
  }
  /// The earliest second that is answered for.
  static uint64_t oldest(uint64_t now) noexcept {
    const uint64_t minute = now / 60;
    return minute > kMinutes ? (minute - kMinutes) * 60 : 0;
  }
  void clear() { *this = {}; }

 private:
  const Sealed* find_second(uint64_t second) const noexcept {
    const Sealed& found = seconds_[second % kRing];
    return found && found->start == second ? &found : nullptr;
  }

  uint64_t open_minute_ = 0;
  std::array<Sealed, kRing> seconds_;
  std::array<Sealed, kMinutes> minutes_;
};

/// By the minute as long as minutes are sealed and the span has the whole of them or begins before the ring.
template <typename Sealed>
std::vector<Sealed> PaneRing<Sealed>::collect(Span& span, uint64_t now) const {
  std::vector<Sealed> found;
  const uint64_t ring = now > kSeconds ? now - kSeconds : 0;
  if (span.from < ring) span.from -= span.from % 60;
  uint64_t at = span.from;
  while (at < span.to) {
    const bool whole = at % 60 == 0 && at / 60 < open_minute_ && (at + 60 <= span.to || at < ring);
    if (whole) {
      const Sealed& minute = minutes_[at / 60 % kMinutes];
      if (minute && minute->start == at) found.push_back(minute);
    } else if (const Sealed* second = find_second(at)) {
      found.push_back(*second);
    }
    at += whole ? 60 : 1;
  }
  span.to = std::max(span.to, at);
  return found;
}

}  // namespace tallytree
