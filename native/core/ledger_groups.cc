// Grouping: one pass over the entries, then a bound for what the cold part may hide of each group.
#include "ledger_groups.h"

#include <algorithm>

namespace tallytree {
namespace {

/// Most keys that are looked up one by one for all groups together: some tens of milliseconds.
constexpr unsigned kListedBits = 20;

uint64_t saturating_product(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t saturating_sum(uint64_t a, uint64_t b) { return a + std::min(b, UINT64_MAX - a); }

uint64_t keys_of(unsigned bits) { return bits >= 64 ? UINT64_MAX : uint64_t{1} << bits; }

}  // namespace

LedgerGroups::LedgerGroups(const Ledger& ledger, const KeyType& coarse)
    : ledger_(ledger),
      type_(coarse),
      projection_(ledger.spec().key_type, coarse),
      sums_(ledger.keys(), Hash{ledger.spec().secret}) {
  type_.use(ledger.spec().key_type.labels());
  for (const auto& [key, interval] : ledger.entries()) {
    Sum& sum = sums_[projection_.apply(key)];
    sum.since += interval.lower;
    sum.hidden = saturating_sum(sum.hidden, interval.upper - interval.lower);
    ++sum.entries;
  }
}

uint64_t LedgerGroups::floor() const noexcept {
  const uint64_t keys = keys_of(projection_.most_dropped_bits());
  return std::min(ledger_.spilled(), saturating_product(keys, ledger_.floor()));
}

uint64_t LedgerGroups::most_hidden(const Key& group, const Sum& sum) const {
  if (ledger_.exact()) return 0;
  const unsigned bits = projection_.dropped_bits(group);
  const uint64_t others = keys_of(bits) - std::min(keys_of(bits), sum.entries);
  uint64_t hidden = saturating_sum(sum.hidden, saturating_product(others, ledger_.floor()));
  if (bits <= kListedBits && sums_.size() <= keys_of(kListedBits - bits))
    hidden = std::min(hidden, hidden_in_each(group));
  return std::min(hidden, ledger_.spilled());
}

/// Where a group has few possible keys, the cold part is asked for each of them.
uint64_t LedgerGroups::hidden_in_each(const Key& group) const {
  uint64_t hidden = 0;
  for (const Key& key : projection_.members(group)) {
    const Interval found = ledger_.interval(key, key.hash(ledger_.spec().secret));
    hidden = saturating_sum(hidden, found.upper - found.lower);
  }
  return hidden;
}

Interval LedgerGroups::interval(const Key& group) const {
  const auto found = sums_.find(group);
  const Sum sum = found == sums_.end() ? Sum{} : found->second;
  return {sum.since, sum.since + most_hidden(group, sum)};
}

std::vector<Ledger::Entry> LedgerGroups::entries(uint64_t above) const {
  std::vector<Ledger::Entry> found;
  for (const auto& [group, sum] : sums_) {
    const uint64_t upper = sum.since + most_hidden(group, sum);
    if (upper > above) found.push_back({group, {sum.since, upper}});
  }
  std::ranges::sort(found, [](const Ledger::Entry& a, const Ledger::Entry& b) {
    if (a.interval.lower != b.interval.lower) return a.interval.lower > b.interval.lower;
    return a.key.bytes < b.key.bytes;
  });
  return found;
}

}  // namespace tallytree
