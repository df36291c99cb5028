// Likely counts: the loads of cells, and the mean over what a key may have of them.
#include "likely.h"

#include <algorithm>

namespace tallytree {
namespace {

// What follows was found best by npm run bench:accuracy.

/// Of what is uncertain, where no cells tell: a key with an entry was there, another may never have been.
uint64_t part_of(const Interval& count) { return (count.upper - count.lower) / (count.lower > 0 ? 5 : 10); }

/// Beforehand: who asks for a key has a reason, so it gave up more than most.
double chance_of(uint64_t share, uint64_t most) {
  return 0.5 + static_cast<double>(share) / static_cast<double>(most);
}

}  // namespace

void Likely::Loads::add_up() noexcept {
  for (size_t i = 1; i < upto_.size(); ++i) upto_[i] += upto_[i - 1];
}

/// Over an eighth to either side, as single loads are seldom seen; never quite 0.
double Likely::Loads::density(uint64_t load) const noexcept {
  constexpr double kUnseen = 0.01;
  const size_t at = std::min<uint64_t>(load, kLoads - 1), reach = at / 8;
  const size_t first = at - reach, last = std::min(at + reach, kLoads - 1);
  const double seen = upto_[last] - (first > 0 ? upto_[first - 1] : 0);
  return (seen + kUnseen) / static_cast<double>(last - first + 1);
}

Likely::Likely(const Ledger& ledger) : ledger_(ledger), unit_(ledger.floor() / kSteps + 1) {
  const Cold& cold = ledger.cold();
  for (size_t i = 0; i < cold.all_cells(); ++i)
    if (!cold.is_joined(i)) single_.note(cold.cell(i) / unit_);
  for (size_t i = 0; cold.level() == 0 && i < cold.all_cells(); i += 2)
    joined_.note((cold.cell(i) + cold.cell(i + 1)) / unit_);
  single_.add_up();
  joined_.add_up();
}

uint64_t Likely::count(const Key& key) const {
  const uint64_t hash = key.hash(ledger_.spec().secret);
  const Interval found = ledger_.interval(key, hash);
  if (found.lower == found.upper) return found.lower;
  if (ledger_.cold().width() == 0) return found.lower + part_of(found);
  return found.lower + static_cast<uint64_t>(hidden(tag_of(hash), found.upper - found.lower));
}

/// The mean of what the key may have in its cells, at most `most`.
double Likely::hidden(Tag tag, uint64_t most) const {
  const Cold& cold = ledger_.cold();
  double sum = 0, weighed = 0;
  for (uint64_t share = 0; share <= most; share += unit_) {
    double likelihood = chance_of(share, most);
    for (uint32_t row = 0; row < Cold::kRows; ++row) {
      const size_t cell = cold.cell_of(row, tag);
      const Loads& others = cold.is_joined(cell) ? joined_ : single_;
      likelihood *= others.density((cold.cell(cell) - share) / unit_);
    }
    sum += likelihood;
    weighed += likelihood * static_cast<double>(share);
  }
  return weighed / sum;
}

}  // namespace tallytree
