// Flow sizes: entries are counted, the rest is fitted.
#include "flow_sizes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "cold_sizes.h"

namespace tallytree {
namespace {

constexpr size_t kClasses = 64;

size_t class_of(uint64_t count) { return static_cast<size_t>(std::bit_width(count)) - 1; }

uint64_t last_of(size_t index) { return index + 1 == kClasses ? UINT64_MAX : (uint64_t{2} << index) - 1; }

/// Sum of x^exponent over whole x in [from, to]; beyond the first terms by the integral.
double power_sum(uint64_t from, uint64_t to, double exponent) {
  constexpr uint64_t kTerms = 64;
  double sum = 0;
  const uint64_t summed = std::min(to - from, kTerms - 1) + 1;
  for (uint64_t i = 0; i < summed; ++i) sum += std::pow(static_cast<double>(from + i), exponent);
  if (to - from < kTerms) return sum;
  const double low = static_cast<double>(from + summed) - 0.5, high = static_cast<double>(to) + 0.5;
  if (std::abs(exponent + 1) < 1e-9) return sum + std::log(high / low);
  return sum + (std::pow(high, exponent + 1) - std::pow(low, exponent + 1)) / (exponent + 1);
}

/// The exponent of the power law over [1, most] with this mean, as near as it goes.
double exponent_for(double mean, uint64_t most) {
  double low = -40, high = 6;  // the mean rises with it
  for (int step = 0; step < 60; ++step) {
    const double exponent = (low + high) / 2;
    const double reached = power_sum(1, most, exponent + 1) / power_sum(1, most, exponent);
    (reached < mean ? low : high) = exponent;
  }
  return low;
}

/// `flows` parted by weight into whole numbers that add up, the largest remainders rounded up.
std::vector<uint64_t> apportion(uint64_t flows, const std::vector<double>& weights) {
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<uint64_t> parts(weights.size());
  std::vector<std::pair<double, size_t>> remainders;
  uint64_t given = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double wanted = static_cast<double>(flows) * weights[i] / all;
    parts[i] = std::min(static_cast<uint64_t>(wanted), flows - given);
    given += parts[i];
    remainders.emplace_back(wanted - std::floor(wanted), i);
  }
  std::ranges::sort(remainders, std::ranges::greater{});
  for (size_t i = 0; given < flows; i = (i + 1) % remainders.size(), ++given) ++parts[remainders[i].second];
  return parts;
}

/// A guess at how those without an entry fall into classes, and at their sizes for a better one.
class PowerLaw {
 public:
  PowerLaw(uint64_t flows, uint64_t weight, uint64_t most)
      : most_(most),
        exponent_(exponent_for(static_cast<double>(weight) / static_cast<double>(flows), most)),
        scale_(static_cast<double>(flows) / power_sum(1, most, exponent_)) {}

  std::vector<double> sizes() const {
    std::vector<double> numbers(std::min<uint64_t>(most_, kMostColdSize));
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = scale_ * std::pow(static_cast<double>(i + 1), exponent_);
    return numbers;
  }
  std::vector<double> classes() const {
    std::vector<double> shares;
    for (size_t i = 0; i <= class_of(most_); ++i)
      shares.push_back(scale_ * power_sum(uint64_t{1} << i, std::min(last_of(i), most_), exponent_));
    return shares;
  }

 private:
  uint64_t most_;
  double exponent_, scale_;
};

std::vector<double> classes_of(const std::vector<double>& sizes) {
  std::vector<double> shares(sizes.empty() ? 0 : class_of(sizes.size()) + 1);
  for (size_t i = 0; i < sizes.size(); ++i) shares[class_of(i + 1)] += sizes[i];
  return shares;
}

/// Places the flows without an entry.
void place_rest(const Ledger& ledger, FlowSizes& found, std::array<SizeClass, kClasses>& classes) {
  const PowerLaw guess(found.estimated, ledger.spilled(), std::max<uint64_t>(1, ledger.floor()));
  const std::vector<double> by_cells = classes_of(cold_sizes(ledger.cold(), guess.sizes()));
  found.by_cells = std::accumulate(by_cells.begin(), by_cells.end(), 0.0) > 0;
  const auto more = apportion(found.estimated, found.by_cells ? by_cells : guess.classes());
  for (size_t i = 0; i < more.size(); ++i) classes[i].flows += more[i];
}

/// Keys without an entry; each of them has some of the spilled weight.
uint64_t unlisted(const Ledger& ledger, const DistinctCount& distinct) {
  if (ledger.exact()) return 0;
  const double more = std::round(distinct.count) - static_cast<double>(ledger.keys());
  return more < 1 ? 0 : std::min(static_cast<uint64_t>(more), ledger.spilled());
}

}  // namespace

FlowSizes flow_sizes(const Ledger& ledger, const DistinctCount& distinct) {
  std::array<SizeClass, kClasses> classes;
  for (size_t i = 0; i < kClasses; ++i) classes[i] = {uint64_t{1} << i, last_of(i), 0, 0};
  FlowSizes found;
  for (const auto& [key, interval] : ledger.entries()) {
    SizeClass& own = classes[class_of(std::max<uint64_t>(1, interval.lower))];
    ++own.flows;
    own.exact += interval.lower > 0 && interval.upper <= own.to;
  }
  found.estimated = unlisted(ledger, distinct);
  if (found.estimated > 0) place_rest(ledger, found, classes);
  const auto has_flows = [](const SizeClass& one) { return one.flows > 0; };
  const auto first = std::ranges::find_if(classes, has_flows);
  const auto last = std::find_if(classes.rbegin(), classes.rend(), has_flows).base();
  if (first < last) found.classes.assign(first, last);
  for (const SizeClass& one : found.classes) found.flows += one.flows;
  return found;
}

}  // namespace tallytree
