// Sizes by cells: made-up keys of known sizes are found again, also where several share a cell.
#include "core/cold_sizes.h"

#include <cmath>
#include <numeric>
#include <random>

#include "check.h"

using namespace tallytree;

namespace {

constexpr size_t kMost = 200;

/// Many small keys, few large ones, and no odd sizes from 5 on.
std::vector<double> fill(Cold& cold, int keys, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> truth(kMost);
  for (int i = 0; i < keys; ++i) {
    const double u = std::uniform_real_distribution<>(0, 1)(random);
    auto size = std::min<size_t>(kMost, static_cast<size_t>(1 / std::pow(1 - u, 0.8)));
    if (size >= 5) size -= size % 2;
    cold.add(static_cast<uint32_t>(random()), size);
    ++truth[size - 1];
  }
  return truth;
}

/// Weighted mean relative difference; 2: nothing in common.
double difference(const std::vector<double>& truth, const std::vector<double>& found) {
  double apart = 0, both = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const double other = i < found.size() ? found[i] : 0;
    apart += std::abs(truth[i] - other);
    both += (truth[i] + other) / 2;
  }
  return apart / both;
}

}  // namespace

TEST(cold_sizes_are_found_by_the_cells) {
  for (const int keys : {500, 3000, 6000}) {
    Cold cold(2048);
    const std::vector<double> truth = fill(cold, keys, static_cast<uint64_t>(keys));
    const std::vector<double> guess(kMost, keys / static_cast<double>(kMost));
    const std::vector<double> found = cold_sizes(cold, guess);
    CHECK(difference(truth, guess) > 1.2);
    CHECK(difference(truth, found) < 0.2);
    const double sum = std::accumulate(found.begin(), found.end(), 0.0);
    CHECK(std::abs(sum / keys - 1) < 0.05);
  }
}

TEST(cold_sizes_say_when_cells_do_not_tell) {
  Cold none(0), empty(1024), bytes(1024, 2);
  for (uint32_t i = 0; i < 5000; ++i) bytes.add(i * 2654435761u, 1500);
  for (const Cold* cold : {&none, &empty, &bytes}) CHECK(cold_sizes(*cold, {10, 5, 2}).empty());
}
