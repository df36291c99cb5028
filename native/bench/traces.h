// Traces of known truth for the accuracy bench, and how well a list of counted keys fits them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "traffic.h"

namespace tallytree::traces {

using Counted = std::pair<uint32_t, uint64_t>;

struct Trace {
  std::vector<uint32_t> keys;   ///< one a packet
  std::vector<uint32_t> truth;  ///< packets of each key 0..n-1
};

inline Trace shuffled(size_t packets, const traffic::Zipf& zipf, size_t flows, uint64_t seed) {
  Trace trace{traffic::zipf_trace(packets, zipf, seed), std::vector<uint32_t>(flows)};
  for (const uint32_t key : trace.keys) ++trace.truth[key];
  return trace;
}

/// The same packets, but each flow lives for a time of its own: exponential, on average 0.3 of the trace.
inline Trace bursty(Trace trace, uint64_t seed) {
  std::mt19937_64 random(seed * 77 + 5);
  std::uniform_real_distribution<> uniform(0, 1);
  std::exponential_distribution<> life(1 / 0.3);
  std::vector<std::pair<double, double>> lives(trace.truth.size());
  for (auto& [start, span] : lives) start = uniform(random), span = life(random);
  std::vector<std::pair<float, uint32_t>> timed;
  timed.reserve(trace.keys.size());
  for (const uint32_t key : trace.keys)
    timed.emplace_back(static_cast<float>(lives[key].first + lives[key].second * uniform(random)), key);
  std::sort(timed.begin(), timed.end());
  for (size_t i = 0; i < timed.size(); ++i) trace.keys[i] = timed[i].second;
  return trace;
}

struct Score {
  double f1 = 0;
  double are = 0;  ///< mean relative error over the true heavy keys; a key that is not listed counts 1
};

inline double f1_of(size_t right, size_t said, size_t wanted) {
  return said + wanted == 0 ? 1 : 2.0 * static_cast<double>(right) / static_cast<double>(said + wanted);
}

/// Keys listed above the threshold against keys that are.
inline Score score(const std::vector<Counted>& listed, const std::vector<uint32_t>& truth, double threshold) {
  std::unordered_map<uint32_t, uint64_t> counts;
  for (const auto& [key, count] : listed) counts[key] = std::max(counts[key], count);
  size_t said = 0, right = 0, wanted = 0;
  double error = 0;
  for (const auto& [key, count] : counts) {
    if (static_cast<double>(count) <= threshold) continue;
    ++said;
    right += key < truth.size() && truth[key] > threshold;
  }
  for (uint32_t key = 0; key < truth.size(); ++key) {
    if (truth[key] <= threshold) continue;
    ++wanted;
    const auto found = counts.find(key);
    const double count = found == counts.end() ? 0 : static_cast<double>(found->second);
    error += std::abs(count - truth[key]) / truth[key];
  }
  return {f1_of(right, said, wanted), wanted == 0 ? 0 : error / static_cast<double>(wanted)};
}

/// Share of the true k largest among the k listed as largest.
inline double top_precision(std::vector<Counted> listed, const std::vector<uint32_t>& truth, size_t k) {
  std::sort(listed.begin(), listed.end(),
            [](const Counted& a, const Counted& b) { return a.second > b.second; });
  std::vector<uint32_t> sorted = truth;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(k) - 1, sorted.end(),
                   std::greater<>());
  const uint32_t least = sorted[k - 1];
  size_t right = 0;
  for (size_t i = 0; i < std::min(k, listed.size()); ++i) right += truth[listed[i].first] >= least;
  return static_cast<double>(right) / static_cast<double>(k);
}

/// Mean relative error over all keys that came.
template <typename Estimate>
double all_flow_error(const std::vector<uint32_t>& truth, Estimate&& estimate) {
  double error = 0;
  size_t keys = 0;
  for (uint32_t key = 0; key < truth.size(); ++key) {
    if (truth[key] == 0) continue;
    error += std::abs(static_cast<double>(estimate(key)) - truth[key]) / truth[key];
    ++keys;
  }
  return error / static_cast<double>(keys);
}

}  // namespace tallytree::traces
