// Sizes by the second: closing panes, summing them for an answer.
#include "size_counter.h"

#include <algorithm>
#include <utility>

namespace tallytree {

SizeHistogram SizeSnapshot::sum() const {
  SizeHistogram sum = open;
  for (const auto& pane : sealed) sum.absorb(SizeHistogram::decode(pane->bytes, secret));
  return sum;
}

/// The open panes are counted once more, each in its second, so that they are sealed in their turn.
SizeCounter::SizeCounter(const SavedSizes& saved) : SizeCounter(saved.secret) {
  past_ = saved.past;
  take_up(saved.sealed);
  const uint64_t first = saved.open.front().second;
  time_ = {saved.since, first, first > saved.since ? first - 1 : 0};
  for (const auto& [second, sizes] : saved.open) {
    roll(second);
    current_.absorb(sizes);
  }
}

/// The minute that is not sealed yet is the sum of its seconds.
void SizeCounter::take_up(const std::vector<SavedSizesPane>& panes) {
  uint64_t sealed = 0;  // the last minute that is
  for (const auto& [minute, pane] : panes) {
    serial_ = std::max(serial_, pane->serial);
    ring_.open(std::max(ring_.open_minute(), pane->start / 60));
    if (minute) sealed = std::max(sealed, pane->start / 60);
    minute ? ring_.put_minute(pane) : ring_.put_second(pane);
  }
  if (sealed == ring_.open_minute()) return;
  Span open{ring_.open_minute() * 60, ring_.open_minute() * 60 + 60};
  minute_ = SizeSnapshot{secret_, open, ring_.collect(open, open.from), {}}.sum();
}

SavedSizes SizeCounter::save() const {
  SavedSizes saved(secret_);
  saved.since = time_.since;
  saved.past = past_;
  ring_.each(time_.second, [&](const auto& pane, bool minute) { saved.sealed.push_back({minute, pane}); });
  std::ranges::sort(saved.sealed, {}, [](const SavedSizesPane& one) { return one.pane->start; });
  if (last_.packets() > 0) saved.open.push_back({time_.last, last_});
  saved.open.push_back({time_.second, current_});
  return saved;
}

void SizeCounter::add(std::span<const Packet* const> packets, bool late) {
  SizeHistogram& pane = late && time_.last_is_recent() ? last_ : current_;
  for (const Packet* packet : packets) pane.add(*packet);
}

void SizeCounter::roll(uint64_t second) {
  if (time_.second == 0) time_.since = time_.second = second;
  if (second < time_.second) return restart(second);
  if (second == time_.second) return;
  if (time_.second > time_.since) dismiss(last_, time_.last);
  std::swap(last_, current_);
  time_.last = time_.second;
  time_.second = second;
}

/// Seconds that come a second time must not be mixed with those that were.
void SizeCounter::restart(uint64_t second) {
  past_.absorb(last_);
  past_.absorb(current_);
  last_.clear();
  current_.clear();
  minute_.clear();
  ring_.clear();
  time_ = {second, second, 0};
}

void SizeCounter::dismiss(SizeHistogram& pane, uint64_t second) {
  if (const uint64_t minute = second / 60; minute != ring_.open_minute()) {
    if (minute_.packets() > 0) ring_.put_minute(seal(ring_.open_minute() * 60, minute_));
    minute_.clear();
    ring_.open(minute);
  }
  if (pane.packets() == 0) return;
  ring_.put_second(seal(second, pane));
  minute_.absorb(pane);
  past_.absorb(pane);
  pane.clear();
}

std::shared_ptr<const SealedSizes> SizeCounter::seal(uint64_t start, const SizeHistogram& pane) {
  return std::make_shared<const SealedSizes>(SealedSizes{start, ++serial_, pane.encode(secret_)});
}

SizeHistogram SizeCounter::open_sum(bool with_past) const {
  SizeHistogram sum = current_;
  if (with_past || time_.last_is_recent()) sum.absorb(last_);
  if (with_past) sum.absorb(past_);
  return sum;
}

SizeSnapshot SizeCounter::look(const Window& window) const {
  if (const auto* span = std::get_if<Span>(&window)) return look_at(*span);
  if (std::holds_alternative<All>(window)) return {secret_, time_.covered(All{}), {}, open_sum(true)};
  return {secret_, time_.covered(Realtime{}), {}, open_sum(false)};
}

SizeSnapshot SizeCounter::look_at(const Span& asked) const {
  Span span = time_.within(asked, Ring::oldest(time_.second));
  SizeSnapshot found{secret_, {}, ring_.collect(span, time_.second), {}};
  if (span.holds(time_.last)) found.open.absorb(last_);
  if (span.holds(time_.second)) found.open.absorb(current_);
  found.covered = time_.covered(asked, span);
  return found;
}

/// Two shared counts and an allocator's header come with each of two blocks.
size_t SizeCounter::bytes() noexcept {
  constexpr size_t kBlocks = 2 * 32;
  return sizeof(SizeCounter) + Ring::kPanes * (sizeof(SealedSizes) + kBlocks + SizeHistogram::most_encoded());
}

}  // namespace tallytree
