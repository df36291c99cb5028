// The ledger: counting, giving up entries, merging.
#include "ledger.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "errors.h"

namespace tallytree {
namespace {

/// A byte count's cells would carry from the first eviction on.
unsigned cold_level(const LedgerSpec& spec) { return spec.increment == Increment::bytes ? 1 : 0; }

}  // namespace

uint64_t LedgerSpec::secret_check() const noexcept {
  constexpr uint64_t kLabel = 0x6b63656863;  // "check"
  return siphash13(secret, &kLabel, 1);
}

uint32_t LedgerSpec::capacity_for(double share, double width) {
  if (!(share > 0 && share <= 1 && width > 0 && width <= 1))
    throw std::invalid_argument("share and width must be above 0 and at most 1");
  const double capacity = std::max(16.0, std::ceil(1 / (0.75 * share * width)));
  if (capacity > kMostCapacity)
    throw std::invalid_argument("such accuracy needs a capacity above " + std::to_string(kMostCapacity));
  return static_cast<uint32_t>(capacity);
}

Ledger::Ledger(const LedgerSpec& spec)
    : spec_(spec), hot_(spec.capacity, spec.key_type.width(4)), cold_(spec.cold_width(), cold_level(spec)) {}

bool Ledger::add(const Key& key, uint64_t hash, uint64_t amount) {
  const Tag tag = tag_of(hash);
  total_ += amount;
  hot_.fit(total_);
  if (const uint32_t place = hot_.find(key, tag); place != HotTable::kNone) {
    const Count count = hot_.count(place);
    hot_.set_count(place, {count.since + amount, count.prior});
    return false;
  }
  admit(key, tag, {amount, floor_});
  return true;
}

/// Gives a new entry a place. In a full table one that is not above the floor belongs to the cold part.
void Ledger::admit(const Key& key, Tag tag, const Count& count) {
  if (hot_.size() < spec_.capacity) return hot_.insert(key, tag, count);
  if (count.rank() <= floor_) return spill(tag, count.since);
  const Vacancy vacancy = vacate();
  hot_.replace(vacancy.place, vacancy.tag, key, tag, count);
  sweep_.note(count.rank() > floor_ ? count.rank() - floor_ : 0);
}

void Ledger::spill(Tag tag, uint64_t amount) {
  cold_.add(tag, amount);
  spilled_ += amount;
}

/// The place of an entry that is not above the floor, its weight gone to the cold part. When a round finds no
/// more of them, the floor rises to a height that 3/4 K entries reach. The caller notes what it puts there.
Ledger::Vacancy Ledger::vacate() {
  while (true) {
    while (sweep_.hand < spec_.capacity) {
      const uint32_t place = sweep_.hand++;
      const Count count = hot_.count(place);
      if (count.rank() <= floor_) {
        const Tag tag = tag_at(place);
        spill(tag, count.since);
        return {place, tag};
      }
      sweep_.note(count.rank() - floor_);
    }
    floor_ += sweep_.finish(spec_.capacity, kept());
  }
}

Interval Ledger::interval_of(const Count& count, Tag tag) const noexcept {
  return {count.since, count.since + std::min(count.prior, cold_.estimate(tag))};
}

Interval Ledger::interval(const Key& key, uint64_t hash) const noexcept {
  const Tag tag = tag_of(hash);
  if (const uint32_t place = hot_.find(key, tag); place != HotTable::kNone)
    return interval_of(hot_.count(place), tag);
  return {0, std::min(floor_, cold_.estimate(tag))};
}

void Ledger::absorb(Ledger& other) {
  Absorption progress = begin_absorb(other);
  absorb_some(other, progress);
}

/// Takes what does not belong to an entry, and treats every own key as one that the other lacks. What is left
/// there counts for itself: no floor, nothing spilled.
Absorption Ledger::begin_absorb(Ledger& other) {
  if (!(spec_.key_type == other.spec_.key_type) || spec_.increment != other.spec_.increment ||
      !(spec_.secret == other.spec_.secret) || spec_.capacity != other.spec_.capacity ||
      cold_.width() != other.cold_.width())
    throw Incompatible("ledgers of unlike key type, increment, capacity or secret cannot be added");
  const Absorption progress{floor_, other.floor_};
  total_ += other.total_;
  hot_.fit(total_);
  for (uint32_t place = 0; other.floor_ > 0 && place < hot_.size(); ++place) {
    const Count count = hot_.count(place);
    hot_.set_count(place, {count.since, count.prior + other.floor_});
  }
  cold_.merge(other.cold_);
  other.cold_.clear();
  spilled_ += std::exchange(other.spilled_, 0);
  floor_ += std::exchange(other.floor_, 0);
  unkeyed += std::exchange(other.unkeyed, 0);
  return progress;
}

/// Common keys first: what gives way while the others are admitted must have been added whole.
bool Ledger::absorb_some(Ledger& other, Absorption& progress, size_t entries) {
  const auto size = static_cast<uint32_t>(other.hot_.size());
  for (; entries > 0; --entries) {
    if (progress.next == size) {
      if (progress.common_done) {
        other.clear();
        return true;
      }
      progress.common_done = true;
      progress.next = 0;
      sweep_.reset();  // its notes know nothing of the sums
      continue;
    }
    take_entry(other, progress.next++, progress);
  }
  return false;
}

void Ledger::take_entry(Ledger& other, uint32_t place, const Absorption& progress) {
  const Count theirs = other.hot_.count(place);
  if (theirs.rank() == 0) return;  // taken in the first pass
  const Key key = other.hot_.key(place);
  const Tag tag = tag_of(key.hash(spec_.secret));
  if (progress.common_done) {
    admit(key, tag, {theirs.since, theirs.prior + progress.own_floor});
  } else if (const uint32_t own = hot_.find(key, tag); own != HotTable::kNone) {
    const Count ours = hot_.count(own);
    hot_.set_count(own, {ours.since + theirs.since, ours.prior - progress.other_floor + theirs.prior});
  } else {
    return;
  }
  other.hot_.set_count(place, {0, 0});
}

void Ledger::clear() noexcept {
  hot_.clear();
  cold_.clear();
  sweep_.reset();
  total_ = spilled_ = floor_ = unkeyed = 0;
}

Ledger Ledger::clone() const {
  Ledger copy(spec_);
  copy.hot_ = hot_.clone();
  copy.cold_ = cold_.clone();
  copy.sweep_ = sweep_;
  copy.total_ = total_;
  copy.spilled_ = spilled_;
  copy.floor_ = floor_;
  copy.unkeyed = unkeyed;
  return copy;
}

std::vector<Ledger::Entry> Ledger::entries(uint64_t above) const {
  std::vector<Entry> found;
  for (uint32_t place = 0; place < hot_.size(); ++place) {
    const Interval interval = interval_of(hot_.count(place), tag_at(place));
    if (interval.upper > above) found.push_back({hot_.key(place), interval});
  }
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) {
    if (a.interval.lower != b.interval.lower) return a.interval.lower > b.interval.lower;
    return a.key.bytes < b.key.bytes;
  });
  return found;
}

size_t Ledger::bytes(const LedgerSpec& spec, int family, bool wide) noexcept {
  constexpr size_t kKeyType = 256;  // its text and parts
  return sizeof(Ledger) + kKeyType + HotTable::bytes(spec.capacity, spec.key_type.width(family), wide) +
         Cold::bytes(spec.cold_width());
}

}  // namespace tallytree
