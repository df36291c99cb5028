// The cold part: the sum of two sketches is the sketch of both streams, cell by cell, however cells joined,
// carried and folded.
#include "core/cold.h"

#include <random>
#include <unordered_map>

#include "check.h"

using namespace tallytree;

namespace {

constexpr uint32_t kWidth = 1024;

struct Stream {
  std::mt19937_64 random;
  uint32_t keys;
  uint64_t most;

  void fill(Cold& one, Cold& both, std::unordered_map<uint32_t, uint64_t>& truth, int updates) {
    for (int i = 0; i < updates; ++i) {
      const auto tag = static_cast<uint32_t>(random() % keys * 2654435761u);
      const uint64_t amount = 1 + random() % most;
      one.add(tag, amount);
      both.add(tag, amount);
      truth[tag] += amount;
    }
  }
};

int differing_cells(const Cold& a, const Cold& b) {
  int differing = 0;
  for (size_t i = 0; i < a.all_cells(); ++i) differing += a.cell(i) != b.cell(i);
  return differing;
}

uint64_t row_sum(const Cold& cold, size_t row) {
  uint64_t sum = 0;
  for (size_t i = 0; i < cold.row_cells(); ++i) sum += cold.cell(row * cold.row_cells() + i);
  return sum;
}

}  // namespace

TEST(cold_sums_are_sketches_of_both_streams) {
  int compared = 0;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    Stream stream{std::mt19937_64(seed), 50u << seed % 8, 1 + (seed % 5 == 0 ? 100'000 : seed % 12)};
    const auto width = static_cast<uint32_t>(kWidth + seed % 4 * 8);  // whole blocks, and a rest
    Cold left(width, seed % 3 == 0 ? 2 : 0), right(width, left.level()), both(width, left.level());
    std::unordered_map<uint32_t, uint64_t> truth;
    stream.fill(left, both, truth, 10 << seed % 9);
    stream.fill(right, both, truth, 10 << seed % 7);
    left.merge(right);
    for (const auto& [tag, count] : truth) CHECK(left.estimate(tag) >= count);
    CHECK_EQ(row_sum(left, 0), row_sum(both, 0));
    CHECK_EQ(row_sum(left, 1), row_sum(both, 1));
    if (left.level() != both.level()) continue;  // a merge may fold where a stream had just not to
    ++compared;
    CHECK_EQ(differing_cells(left, both), 0);
  }
  CHECK(compared > 100);
}

TEST(cold_keeps_every_count_when_it_folds) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Stream stream{std::mt19937_64(seed), 20u << seed % 7, uint64_t{1} << seed % 40};
    Cold folding(kWidth), wide(kWidth, Cold::kLevels - 1);
    std::unordered_map<uint32_t, uint64_t> truth;
    stream.fill(folding, wide, truth, 50 << seed % 4);
    for (unsigned level = folding.level(); level < Cold::kLevels; ++level) {
      folding.fold_to(level);
      CHECK_EQ(row_sum(folding, 0), row_sum(wide, 0));
      for (const auto& [tag, count] : truth) CHECK(folding.estimate(tag) >= count);
    }
    CHECK_EQ(differing_cells(folding, wide), 0);
  }
}

TEST(cold_tells_small_counts_of_many_keys_apart) {
  Cold cold(kWidth);
  for (uint32_t key = 0; key < 400; ++key) cold.add(key * 2654435761u, 1 + key % 15);
  int right = 0;
  for (uint32_t key = 0; key < 400; ++key) right += cold.estimate(key * 2654435761u) == 1 + key % 15;
  CHECK_EQ(cold.level(), 0u);
  CHECK(right > 370);  // 2048 cells a row: one key in six shares its cell in a row, one in forty in both
}

TEST(cold_of_nothing_estimates_nothing) {
  Cold cold(kWidth);
  CHECK_EQ(cold.estimate(5), 0u);
  cold.add(5, UINT64_MAX / 2);
  CHECK_EQ(cold.estimate(5), UINT64_MAX / 2);
  cold.clear();
  CHECK_EQ(cold.estimate(5), 0u);
  CHECK_EQ(cold.level(), 0u);
}
