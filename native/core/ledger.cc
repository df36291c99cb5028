// The ledger: counting, purging, merging.
#include "ledger.h"

#include <algorithm>
#include <functional>

#include "errors.h"

namespace tallytree {
namespace {

size_t words_for(size_t bytes) { return (bytes + 7) / 8; }

}  // namespace

uint64_t LedgerSpec::secret_check() const noexcept {
  constexpr uint64_t kLabel = 0x6b63656863;  // "check"
  return siphash13(secret, &kLabel, 1);
}

Ledger::Ledger(const LedgerSpec& spec)
    : spec_(spec),
      hot_(spec.capacity, words_for(spec.key_type.width(4))),
      cold_(spec.cold_width()),
      ranks_(hot_.slots()) {}

bool Ledger::add(const Key& key, uint64_t hash, uint64_t amount) {
  total_ += amount;
  if (Count* count = hot_.find(key, tag_of(hash))) {
    count->since += amount;
    return false;
  }
  if (hot_.size() >= spec_.capacity) purge();
  hot_.insert(key, tag_of(hash), {amount, floor_});
  return true;
}

Interval Ledger::interval_of(const Count& count, uint64_t hash) const noexcept {
  return {count.since, count.since + std::min(count.prior, cold_.estimate(hash))};
}

Interval Ledger::interval(const Key& key, uint64_t hash) const noexcept {
  if (const Count* count = hot_.find(key, tag_of(hash))) return interval_of(*count, hash);
  return {0, std::min(floor_, cold_.estimate(hash))};
}

/// Keeps exactly `kept()` entries of the highest rank; the largest evicted rank becomes the floor.
void Ledger::purge() {
  size_t n = 0;
  hot_.each([&](size_t at) { ranks_[n++] = hot_.count(at).rank(); });
  uint64_t* pivot = ranks_.data() + kept() - 1;
  std::nth_element(ranks_.data(), pivot, ranks_.data() + n, std::greater<>());
  const uint64_t least = *pivot;
  size_t ties = static_cast<size_t>(std::count(ranks_.data(), ranks_.data() + n, least));
  size_t kept_ties = static_cast<size_t>(std::count(ranks_.data(), pivot + 1, least));
  hot_.retain([&](size_t at) {
    const Count& count = hot_.count(at);
    if (count.rank() > least) return true;
    const uint64_t hash = hot_.key(at).hash(spec_.secret);
    // Equal ranks are drawn by lot (Knuth, TAOCP 2, 3.4.2, algorithm S): keeping the first ones found would
    // leave one end of the table full and the other empty.
    if (count.rank() == least && (((hash & 0xffffffff) * ties--) >> 32) < kept_ties) {
      --kept_ties;
      return true;
    }
    cold_.add(hash, count.since);
    spilled_ += count.since;
    floor_ = std::max(floor_, count.rank());
    return false;
  });
}

/// Places a merged entry; one that is not above the floor belongs to the cold part.
void Ledger::admit(const Key& key, Tag tag, const Count& count) {
  if (hot_.size() >= spec_.capacity) purge();
  if (count.rank() < floor_) {
    cold_.add(key.hash(spec_.secret), count.since);
    spilled_ += count.since;
  } else {
    hot_.insert(key, tag, count);
  }
}

void Ledger::absorb(Ledger& other) {
  if (!(spec_.key_type == other.spec_.key_type) || spec_.increment != other.spec_.increment ||
      !(spec_.secret == other.spec_.secret) || cold_.width() != other.cold_.width())
    throw Incompatible("ledgers of unlike key type, increment, capacity or secret cannot be added");
  HotTable& theirs = other.hot_;
  const uint64_t own_floor = floor_;
  if (other.floor_ > 0)
    hot_.each([&](size_t at) {
      if (!theirs.find(hot_.key(at), hot_.tag(at))) hot_.count(at).prior += other.floor_;
    });
  total_ += other.total_;
  spilled_ += other.spilled_;
  floor_ += other.floor_;
  unkeyed += other.unkeyed;
  cold_.merge(other.cold_);
  // Common keys first: a purge while the others are admitted must find them whole.
  constexpr Count kTaken{0, UINT64_MAX};
  theirs.each([&](size_t at) {
    Count* ours = hot_.find(theirs.key(at), theirs.tag(at));
    if (ours == nullptr) return;
    ours->since += theirs.count(at).since;
    ours->prior += theirs.count(at).prior;
    theirs.count(at) = kTaken;
  });
  theirs.each([&](size_t at) {
    const Count& count = theirs.count(at);
    if (count.prior == kTaken.prior) return;
    admit(theirs.key(at), theirs.tag(at), {count.since, count.prior + own_floor});
  });
  other.clear();
}

void Ledger::clear() noexcept {
  hot_.clear();
  cold_.clear();
  total_ = spilled_ = floor_ = unkeyed = 0;
}

Ledger Ledger::clone() const {
  Ledger copy(spec_);
  hot_.each([&](size_t at) { copy.hot_.insert(hot_.key(at), hot_.tag(at), hot_.count(at)); });
  copy.cold_.merge(cold_);
  copy.total_ = total_;
  copy.spilled_ = spilled_;
  copy.floor_ = floor_;
  copy.unkeyed = unkeyed;
  return copy;
}

std::vector<Ledger::Entry> Ledger::entries(uint64_t above) const {
  std::vector<Entry> found;
  hot_.each([&](size_t at) {
    const Key key = hot_.key(at);
    const Interval interval = interval_of(hot_.count(at), key.hash(spec_.secret));
    if (interval.upper > above) found.push_back({key, interval});
  });
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) {
    if (a.interval.lower != b.interval.lower) return a.interval.lower > b.interval.lower;
    return a.key.bytes < b.key.bytes;
  });
  return found;
}

size_t Ledger::bytes(const LedgerSpec& spec) noexcept {
  const size_t key_words = words_for(spec.key_type.width(6));
  return HotTable::bytes(spec.capacity, key_words) + Cold::bytes(spec.cold_width()) +
         8 * (size_t{spec.capacity} * 4 / 3 + 2);
}

}  // namespace tallytree
