// The ledger: counting, giving up entries, merging.
#include "ledger.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "errors.h"
#include "entry_batch.h"

namespace tallytree {
namespace {

/// A byte count's cells would carry from the first eviction on.
unsigned cold_level(const LedgerSpec& spec) { return spec.increment == Increment::bytes ? 2 : 0; }

}  // namespace

uint32_t LedgerSpec::capacity_for(double share, double width) {
  if (!(share > 0 && share <= 1 && width > 0 && width <= 1))
    throw std::invalid_argument("share and width must be above 0 and at most 1");
  const double capacity = std::max<double>(kLeastCapacity, std::ceil(1 / (0.75 * share * width)));
  if (capacity > kMostCapacity)
    throw std::invalid_argument("such accuracy needs a capacity above " + std::to_string(kMostCapacity));
  return static_cast<uint32_t>(capacity);
}

Ledger::Ledger(const LedgerSpec& spec)
    : spec_(spec), hot_(spec.capacity, spec.key_type.width(4)), cold_(spec.cold_width(), cold_level(spec)) {}

bool Ledger::add_one(const Key& key, Tag tag, uint64_t amount, Admission admission) {
  total_ += amount;
  hot_.fit(total_);
  if (const uint32_t place = hot_.find(key, tag); place != HotTable::kNone) {
    const Count count = hot_.count(place);
    const unsigned lives = count.lives + (count.lives < Count::kMostLives);
    hot_.set_count(place, {count.since + amount, count.prior, lives});
    return false;
  }
  if (admission == Admission::sparing)
    admit_or_spill(key, tag, {amount, most_before(tag)});
  else
    admit(key, tag, {amount, prior_by_turns(tag)});
  return true;
}

/// One function with all it needs but rare turns: what it calls for each key is less than a call.
[[gnu::flatten]] uint64_t Ledger::add(std::span<const Key> keys, const uint64_t* hashes,
                                      const uint64_t* amounts, Admission admission) {
  static_assert(kBatch <= 64);
  std::array<Tag, kBatch> tags;
  for (size_t i = 0; i < keys.size(); ++i) tags[i] = tag_of(hashes[i]);
  prefetch({tags.data(), keys.size()});
  uint64_t fresh = 0;
  for (size_t i = 0; i < keys.size(); ++i)
    fresh |= uint64_t{add_one(keys[i], tags[i], amounts[i], admission)} << i;
  return fresh;
}

/// Asks the processor for what will be read: first where the entries are found, then the entries.
void Ledger::prefetch(std::span<const Tag> tags) const noexcept {
  for (const Tag tag : tags) {
    hot_.prefetch(tag);
    if (floor_ > 0) cold_.prefetch(tag);
  }
  for (const Tag tag : tags) hot_.prefetch_entry(tag);
}

/// The most that a key without an entry counted.
uint64_t Ledger::most_before(Tag tag) const noexcept {
  return floor_ == 0 ? 0 : std::min(floor_, cold_.estimate(tag));
}

/// By turns the floor is good enough: then the entry stays until the floor has risen by more than it counts
/// itself, which is what keeps those that begin late and grow fast.
uint64_t Ledger::prior_by_turns(Tag tag) noexcept {
  by_floor_ = !by_floor_;
  return by_floor_ ? floor_ : most_before(tag);
}

/// Notes an entry that stays; false for one that may give way.
[[gnu::always_inline]] inline bool Ledger::stays(uint32_t place) noexcept {
  const Count count = hot_.count(place);
  if (count.rank() > floor_) {
    sweep_.note(count.rank() - floor_);
  } else if (count.lives > 0) {
    hot_.set_count(place, {count.since, count.prior, count.lives - 1});
    sweep_.note(0);
  } else {
    return false;
  }
  return true;
}

/// Moves the hand over an entry that stays.
[[gnu::always_inline]] inline bool Ledger::pass() noexcept {
  const bool passed = stays(sweep_.hand);
  sweep_.hand += passed;
  return passed;
}

/// What is not above the floor needs no entry in a full table.
void Ledger::admit_or_spill(const Key& key, Tag tag, const Count& count) {
  if (hot_.size() == spec_.capacity && count.rank() <= floor_)
    spill(tag, count.since);
  else
    admit(key, tag, count);
}

/// Gives a new entry a place. Over the second half of a new table's places the sweep makes its first round, so
/// that the first entry to give way need not wait for it.
void Ledger::admit(const Key& key, Tag tag, const Count& count) {
  if (hot_.size() < spec_.capacity) {
    hot_.insert(key, tag, count);
    if (2 * hot_.size() > spec_.capacity && pass()) pass();
    return;
  }
  const Sweep::Candidate vacancy = vacate();
  hot_.replace(vacancy.place, vacancy.tag, key, tag, count);
  sweep_.note(count.rank() > floor_ ? count.rank() - floor_ : 0);
}

void Ledger::spill(Tag tag, uint64_t amount) {
  cold_.add(tag, amount);
  spilled_ += amount;
}

/// The place of an entry that is not above the floor and was not hit of late, its weight gone to the cold
/// part. After a round the floor rises to a height that 3/4 K entries reach. The caller notes what it puts
/// there.
Sweep::Candidate Ledger::vacate() {
  while (true) {
    while (sweep_.next < sweep_.end) {
      const Sweep::Candidate candidate = sweep_.ahead[sweep_.next++];
      if (stays(candidate.place)) continue;
      spill(candidate.tag, hot_.count(candidate.place).since);
      return candidate;
    }
    look_ahead();
    if (sweep_.end == 0) floor_ += sweep_.finish(spec_.capacity, kept());
  }
}

/// Finds the next candidates, hashes their keys side by side and asks the processor for what giving them up
/// reads.
void Ledger::look_ahead() noexcept {
  std::array<Key, Sweep::kAhead> keys;
  std::array<uint64_t, kBatch> hashes;
  uint32_t found = 0;
  while (sweep_.hand < spec_.capacity && found < Sweep::kAhead) {
    if (pass()) continue;
    hot_.copy_key(sweep_.hand, keys[found]);
    sweep_.ahead[found++].place = sweep_.hand++;
  }
  hash_keys(spec_.secret, {keys.data(), found}, hashes.data());
  for (uint32_t i = 0; i < found; ++i) {
    const Tag tag = sweep_.ahead[i].tag = tag_of(hashes[i]);
    hot_.prefetch(tag);
    cold_.prefetch(tag);
  }
  sweep_.next = 0;
  sweep_.end = found;
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

void Ledger::require_like(const LedgerSpec& other) const {
  if (!(spec_ == other))
    throw Incompatible("ledgers of unlike key type, increment, capacity or secret cannot be added");
}

/// Takes what does not belong to an entry, and treats every own key as one that the other lacks. What is left
/// there counts for itself: no floor, nothing spilled.
Absorption Ledger::begin_absorb(Ledger& other) {
  require_like(other.spec_);
  spec_.key_type.add_labels(other.spec_.key_type);
  const Absorption progress{floor_, other.floor_};
  total_ += other.total_;
  hot_.fit(total_);
  for (uint32_t place = 0; other.floor_ > 0 && place < hot_.size(); ++place) {
    const Count count = hot_.count(place);
    hot_.set_count(place, {count.since, count.prior + other.floor_, count.lives});
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
  while (entries > 0) {
    if (progress.next == size && progress.common_done) {
      other.clear();
      return true;
    }
    if (progress.next == size) {
      progress.common_done = true;
      progress.next = 0;
      sweep_.reset();  // its notes know nothing of the sums
    }
    const auto n = static_cast<uint32_t>(std::min({entries, kBatch, size_t{size} - progress.next}));
    take_entries(other, progress.next, n, progress);
    progress.next += n;
    entries -= n;
  }
  return false;
}

void Ledger::take_entries(Ledger& other, uint32_t first, uint32_t n, const Absorption& progress) {
  std::array<uint32_t, kBatch> places;
  size_t left = 0;
  for (uint32_t place = first; place < first + n; ++place)  // others were taken in the first pass
    if (other.hot_.count(place).rank() > 0) places[left++] = place;
  const EntryBatch batch(other.hot_, spec_.secret, left, [&](size_t i) { return places[i]; });
  prefetch({batch.tags.data(), left});
  for (size_t i = 0; i < left; ++i)
    if (take(batch.keys[i], batch.tags[i], other.hot_.count(places[i]), progress))
      other.hot_.set_count(places[i], {0, 0});
}

bool Ledger::take(const Key& key, Tag tag, const Count& theirs, const Absorption& progress) {
  if (progress.common_done) {
    admit_or_spill(key, tag, {theirs.since, theirs.prior + progress.own_floor, theirs.lives});
    return true;
  }
  const uint32_t place = hot_.find(key, tag);
  if (place == HotTable::kNone) return false;
  const Count ours = hot_.count(place);
  hot_.set_count(place, {ours.since + theirs.since, ours.prior - progress.other_floor + theirs.prior,
                         std::max(ours.lives, theirs.lives)});
  return true;
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
  visit_entries(hot_, spec_.secret, [&](size_t place, const Key& key, Tag tag) {
    const Interval interval = interval_of(hot_.count(place), tag);
    if (interval.upper > above) found.push_back({key, interval});
  });
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
