// Cold sizes: cells as compound Poisson variables, and the expectation maximisation over them.
#include "cold_sizes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tallytree {
namespace {

constexpr int kRounds = 50;
constexpr double kMostBeyond = 0.02;  // of all cells

/// Cells of one width, by value.
struct Cells {
  double width;  ///< in cells of the sketch's level; two that are joined: 2
  std::vector<double> holding = std::vector<double>(kMostColdSize + 1);
};

/// The chance of each value up to `most` of a cell.
std::vector<double> chances(const std::vector<double>& rates, double width, size_t most) {
  std::vector<double> chance(most + 1);
  chance[0] = std::exp(-width * std::accumulate(rates.begin(), rates.end(), 0.0));
  for (size_t value = 1; value <= most; ++value) {
    double sum = 0;
    for (size_t size = 1; size <= std::min(value, rates.size()); ++size)
      sum += static_cast<double>(size) * rates[size - 1] * chance[value - size];
    chance[value] = width * sum / static_cast<double>(value);
  }
  return chance;
}

/// Adds the keys of each size that these cells are expected to hold.
void expect(const Cells& cells, const std::vector<double>& rates, size_t most, std::vector<double>& keys) {
  const std::vector<double> chance = chances(rates, cells.width, most);
  std::vector<double> weight(most + 1);
  for (size_t value = 1; value <= most; ++value)
    if (chance[value] > 0) weight[value] = cells.holding[value] / chance[value];
  for (size_t size = 1; size <= rates.size(); ++size) {
    double sum = 0;
    for (size_t value = size; value <= most; ++value) sum += weight[value] * chance[value - size];
    keys[size - 1] += cells.width * rates[size - 1] * sum;
  }
}

}  // namespace

std::vector<double> cold_sizes(const Cold& cold, std::vector<double> rates) {
  Cells single{1}, joined{2};
  size_t beyond = 0, most = 0;
  for (size_t i = 0; i < cold.all_cells(); ++i) {
    const uint64_t value = cold.cell(i);
    if (value > kMostColdSize) {
      ++beyond;
    } else {
      ++(cold.is_joined(i) ? joined : single).holding[value];
      most = std::max<size_t>(most, value);
    }
  }
  const auto cells = static_cast<double>(cold.all_cells());
  if (most == 0 || static_cast<double>(beyond) > kMostBeyond * cells) return {};
  rates.resize(std::min(rates.size(), most));
  for (double& rate : rates) rate /= static_cast<double>(cold.row_cells());
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> keys(rates.size());
    expect(single, rates, most, keys);
    expect(joined, rates, most, keys);
    for (size_t i = 0; i < rates.size(); ++i) rates[i] = keys[i] / cells;
  }
  for (double& rate : rates) rate *= static_cast<double>(cold.row_cells());
  return rates;
}

}  // namespace tallytree
