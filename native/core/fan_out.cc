// Counting a ledger's entries by owner, and what a spread knows beyond them.
#include "fan_out.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>

#include "spread_estimates.h"

namespace tallytree {
namespace {

using Bytes = std::array<uint8_t, Key::kBytes>;

double most_keys(const KeyProjection& projection, const Key& owner) {
  return std::ldexp(1.0, static_cast<int>(projection.dropped_bits(owner)));
}

using Entries = std::map<Bytes, double>;

Entries entries_by_owner(const Ledger& ledger, const KeyProjection& projection) {
  Entries entries;
  for (const Ledger::Entry& entry : ledger.entries()) entries[projection.apply(entry.key).bytes] += 1;
  return entries;
}

/// Never outside of the certain bounds.
FanOut narrowed(const FanOut& certain, const SpreadEstimates::Estimate& found) {
  const auto [owner, _, least, most] = certain;
  const double keys = std::clamp(std::round(found.keys), least, most);
  const double lower = std::clamp(std::floor(found.keys - found.margin), least, keys);
  return {owner, keys, lower, std::clamp(std::ceil(found.keys + found.margin), keys, most)};
}

void check_same_keys(const Ledger& ledger, const KeyType& by, const Spread& spread) {
  const SpreadSpec& spec = spread.spec();
  if (!(spec.key_type == ledger.spec().key_type && spec.owner == by && spec.secret == ledger.spec().secret))
    throw std::invalid_argument("the spread is of other keys than the ledger");
}

}  // namespace

FanOuts fan_outs(const Ledger& ledger, const KeyType& by, const Spread* spread) {
  if (spread != nullptr) check_same_keys(ledger, by, *spread);
  const KeyProjection projection(ledger.spec().key_type, by);
  Entries entries = entries_by_owner(ledger, projection);
  std::optional<SpreadEstimates> estimates;
  if (spread != nullptr && !ledger.exact()) estimates.emplace(*spread);
  if (estimates)
    for (const Key& owner : estimates->owners()) entries.try_emplace(owner.bytes, 0);
  FanOuts all{{}, ledger.exact()};
  for (const auto& [bytes, count] : entries) {
    const Key owner{bytes};
    const double hidden = static_cast<double>(ledger.spilled());
    const FanOut certain{owner, count, count, std::min(count + hidden, most_keys(projection, owner))};
    all.owners.push_back(estimates ? narrowed(certain, estimates->of(owner)) : certain);
  }
  std::ranges::sort(all.owners, [](const FanOut& a, const FanOut& b) {
    return a.keys != b.keys ? a.keys > b.keys : a.owner.bytes < b.owner.bytes;
  });
  return all;
}

void add_entries(Spread& spread, const Ledger& ledger) {
  spread.spec().owner.add_labels(ledger.spec().key_type);
  for (const Ledger::Entry& entry : ledger.entries())
    spread.add(entry.key, entry.key.hash(ledger.spec().secret));
}

}  // namespace tallytree
