// From buckets to owners.
#include "spread_estimates.h"

#include <algorithm>
#include <set>

namespace tallytree {

SpreadEstimates::SpreadEstimates(const Spread& spread) : spread_(spread), loads_(spread.buckets()) {
  for (size_t bucket = 0; bucket < loads_.size(); ++bucket) {
    if (spread.tops_[bucket] != 0) loads_[bucket] = Spread::kLoad.estimate(spread.registers(bucket));
    rows_[bucket / spread.width()] += loads_[bucket];
  }
}

std::vector<Key> SpreadEstimates::owners() const {
  std::set<std::array<uint8_t, Key::kBytes>> named;
  for (size_t bucket = 0; bucket < loads_.size(); ++bucket)
    if (spread_.tops_[bucket] != 0) named.insert(spread_.owner(bucket).bytes);
  std::vector<Key> owners;
  for (const auto& bytes : named) owners.push_back(Key{bytes});
  return owners;
}

/// The mean of the smaller two of four estimates is less than what they estimate by so many standard errors,
/// as the order of four normal variables has it.
constexpr double kSmallerTwo = 0.663;
/// Four standard errors of a difference.
constexpr double kFarApart = 4 * 1.414;

/// A bucket holds the owner's keys and, on average, an even share of all others'. The smaller two of the four
/// rows count: an owner that shares a bucket with a large one does so in few of them. When even these two are
/// far apart, chance is no reason for it.
SpreadEstimates::Estimate SpreadEstimates::of(const Key& owner) const {
  const uint64_t hash = owner.hash(spread_.spec().secret);
  std::array<double, Spread::kRows> keys;
  double background = 0;
  for (size_t row = 0; row < keys.size(); ++row) {
    const double load = loads_[spread_.bucket_of(hash, row)];
    const double others = (rows_[row] - load) / (spread_.width() - 1);
    keys[row] = std::max(0.0, load - others);
    background = std::max(background, others);
  }
  std::ranges::sort(keys);
  const double error = Spread::kLoad.relative_error();
  const bool apart = keys[0] < keys[1] * (1 - kFarApart * error);
  const double mean = apart ? keys[0] : (keys[0] + keys[1]) / 2 / (1 - kSmallerTwo * error);
  return {mean, 2 * error * (mean + background) + background};
}

}  // namespace tallytree
