// Entropy: the extremes of a convex sum over what a ledger leaves open.
#include "ledger_entropy.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tallytree {
namespace {

/// What rounding can make of a sum of so many terms is far below this share of it.
constexpr double kRounding = 1e-11;

double weigh(double count) { return count > 1 ? count * std::log2(count) : 0; }

/// What is open: entries as intervals, and `spilled` to be placed.
struct Open {
  std::vector<Interval> counts;
  double total = 0;
  double spilled = 0;
  double floor = 0;
  double unlisted = 0;  // most keys without an entry

  double entropy(double sum) const { return std::max(0.0, std::log2(total) - sum / total); }

  double sum_of_lower() const {
    double sum = 0;
    for (const Interval& count : counts) sum += weigh(static_cast<double>(count.lower));
    return sum;
  }
};

/// The weight that fits below a common level.
double room_below(const Open& open, double level) {
  double room = open.unlisted * level;
  for (const auto& [lower, upper] : open.counts)
    room += std::max(0.0, std::min(level, static_cast<double>(upper)) - static_cast<double>(lower));
  return room;
}

/// The least sum of f log2 f. The level found has no more room than there is weight, so the sum is not above.
double least_sum(const Open& open) {
  double low = 0, high = open.total;
  for (int step = 0; step < 200 && low < high; ++step) {
    const double level = low + (high - low) / 2;
    if (level <= low || level >= high) break;
    (room_below(open, level) <= open.spilled ? low : high) = level;
  }
  double sum = open.unlisted * weigh(low);
  for (const auto& [lower, upper] : open.counts) {
    const auto from = static_cast<double>(lower);
    sum += weigh(std::max(from, std::min(low, static_cast<double>(upper))));
  }
  return sum;
}

/// No smaller than the largest sum of f log2 f.
double most_sum(const Open& open) {
  struct Filling {
    double slope, room;
  };
  std::vector<Filling> fillings;
  for (const auto& [lower, upper] : open.counts) {
    const double room = static_cast<double>(upper) - static_cast<double>(lower);
    if (room <= 0) continue;
    const double gain = weigh(static_cast<double>(upper)) - weigh(static_cast<double>(lower));
    fillings.push_back({gain / room, room});
  }
  // As many unlisted keys as are wanted.
  fillings.push_back({std::log2(std::max(1.0, open.floor)), open.spilled});
  std::ranges::sort(fillings, std::ranges::greater{}, &Filling::slope);
  double sum = open.sum_of_lower(), left = open.spilled;
  for (const auto& [slope, room] : fillings) {
    sum += slope * std::min(room, left);
    left -= std::min(room, left);
  }
  return sum;
}

/// Spread evenly over the keys without an entry that are known or estimated to be there.
double likely_sum(const Open& open, double unlisted) {
  if (unlisted < 1) return open.sum_of_lower();
  return open.sum_of_lower() + unlisted * weigh(open.spilled / unlisted);
}

Open open_of(const Ledger& ledger, const DistinctCount& distinct) {
  Open open;
  for (const auto& [key, interval] : ledger.entries()) open.counts.push_back(interval);
  open.total = static_cast<double>(ledger.total());
  open.spilled = static_cast<double>(ledger.spilled());
  open.floor = static_cast<double>(ledger.floor());
  open.unlisted = open.spilled;
  if (distinct.exact)
    open.unlisted = std::clamp(distinct.count - static_cast<double>(ledger.keys()), 0.0, open.spilled);
  return open;
}

}  // namespace

Entropy entropy_of(const Ledger& ledger, const DistinctCount& distinct) {
  if (ledger.total() == 0) return {};
  const Open open = open_of(ledger, distinct);
  const auto keys = static_cast<double>(ledger.keys());
  Entropy found;
  found.exact = ledger.exact();
  if (found.exact) {
    found.value = found.lower = found.upper = open.entropy(open.sum_of_lower());
  } else {
    const double slack = kRounding * std::log2(open.total);
    found.lower = std::max(0.0, open.entropy(most_sum(open)) - slack);
    found.upper = open.entropy(least_sum(open)) + slack;
    const double unlisted = std::clamp(distinct.count - keys, 0.0, open.spilled);
    found.value = std::clamp(open.entropy(likely_sum(open, unlisted)), found.lower, found.upper);
  }
  const double all_keys = found.exact ? keys : std::max(keys, distinct.count);
  found.normalised = all_keys < 2 ? 0 : std::min(1.0, found.value / std::log2(all_keys));
  return found;
}

}  // namespace tallytree
