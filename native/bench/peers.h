// Our own re-implementations of published sketches, from their descriptions, for comparison at equal memory.
// Keys are 32-bit numbers. Each is charged the bytes of its arrays.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "traffic.h"

namespace tallytree::peers {

using Counted = std::pair<uint32_t, uint64_t>;

inline size_t place(uint32_t key, uint64_t row, size_t width) {
  return static_cast<size_t>((traffic::scrambled(key + (row + 1) * 0x9e3779b97f4a7c15) >> 32) * width >> 32);
}

/// Cormode and Muthukrishnan 2005: 3 rows of 32-bit cells.
class CountMin {
 public:
  explicit CountMin(size_t bytes) : width_(bytes / (kRows * 4)), cells_(kRows * width_) {}

  void add(uint32_t key) {
    for (size_t row = 0; row < kRows; ++row) ++cells_[row * width_ + place(key, row, width_)];
  }
  uint64_t estimate(uint32_t key) const {
    uint32_t least = UINT32_MAX;
    for (size_t row = 0; row < kRows; ++row)
      least = std::min(least, cells_[row * width_ + place(key, row, width_)]);
    return least;
  }

 private:
  static constexpr size_t kRows = 3;
  size_t width_;
  std::vector<uint32_t> cells_;
};

/// Yang et al., SIGCOMM 2018: buckets of 7 flows that vote, 8-bit cells behind them.
class Elastic {
 public:
  explicit Elastic(size_t bytes) {
    const size_t heavy = std::min<size_t>(150'000, bytes * 3 / 4);
    buckets_.resize(heavy / sizeof(Bucket));
    light_.resize(bytes - heavy);
  }

  void add(uint32_t key) {
    Bucket& bucket = buckets_[place(key, 0, buckets_.size())];
    size_t least = 0;
    for (size_t i = 0; i < kFlows; ++i) {
      if (bucket.counts[i] > 0 && bucket.keys[i] == key) return void(++bucket.counts[i]);
      if ((bucket.counts[i] & kCount) < (bucket.counts[least] & kCount)) least = i;
    }
    uint32_t& count = bucket.counts[least];
    if (count == 0) return void((bucket.keys[least] = key, count = 1));
    if (++bucket.votes < kLambda * (count & kCount)) return put_light(key, 1);
    put_light(bucket.keys[least], count & kCount);
    bucket.keys[least] = key;
    count = kMixed | 1;
    bucket.votes = 0;
  }
  uint64_t estimate(uint32_t key) const {
    const Bucket& bucket = buckets_[place(key, 0, buckets_.size())];
    for (size_t i = 0; i < kFlows; ++i)
      if (bucket.counts[i] > 0 && bucket.keys[i] == key)
        return (bucket.counts[i] & kCount) + (bucket.counts[i] & kMixed ? light(key) : 0);
    return light(key);
  }
  std::vector<Counted> listed() const {
    std::vector<Counted> found;
    for (const Bucket& bucket : buckets_)
      for (size_t i = 0; i < kFlows; ++i)
        if (bucket.counts[i] > 0) found.emplace_back(bucket.keys[i], estimate(bucket.keys[i]));
    return found;
  }

 private:
  static constexpr size_t kFlows = 7;
  static constexpr uint32_t kLambda = 8, kMixed = 1u << 31, kCount = kMixed - 1;
  struct Bucket {
    std::array<uint32_t, kFlows> keys{}, counts{};
    uint32_t votes = 0, padding = 0;
  };
  uint8_t light(uint32_t key) const { return light_[place(key, 1, light_.size())]; }
  void put_light(uint32_t key, uint32_t count) {
    uint8_t& cell = light_[place(key, 1, light_.size())];
    cell = static_cast<uint8_t>(std::min<uint32_t>(255, cell + count));
  }

  std::vector<Bucket> buckets_;
  std::vector<uint8_t> light_;
};

/// CocoSketch (Zhang et al., SIGCOMM 2021): 2 rows of key and count, the smaller one is taken over by lot.
class Coco {
 public:
  explicit Coco(size_t bytes) : width_(bytes / (kRows * sizeof(Counter))), counters_(kRows * width_) {}

  void add(uint32_t key) {
    Counter* least = nullptr;
    for (size_t row = 0; row < kRows; ++row) {
      Counter& counter = counters_[row * width_ + place(key, row, width_)];
      if (counter.count > 0 && counter.key == key) return void(++counter.count);
      if (least == nullptr || counter.count < least->count) least = &counter;
    }
    ++least->count;
    if (random_() % least->count == 0) least->key = key;
  }
  std::vector<Counted> listed() const {
    std::vector<Counted> found;
    for (const Counter& counter : counters_)
      if (counter.count > 0) found.emplace_back(counter.key, counter.count);
    return found;
  }

  static constexpr size_t kBucketBytes = 8;

 private:
  static constexpr size_t kRows = 2;
  struct Counter {
    uint32_t key = 0, count = 0;
  };
  static_assert(sizeof(Counter) == kBucketBytes);
  size_t width_;
  std::vector<Counter> counters_;
  std::mt19937_64 random_{1};
};

/// HeavyKeeper (Yang et al., ATC 2018): 2 rows of 16-bit fingerprint and 32-bit count that decay, and the k
/// largest. Charged 6 bytes a cell and 12 for each of the k.
class HeavyKeeper {
 public:
  HeavyKeeper(size_t bytes, size_t k)
      : width_((bytes - 12 * k) / (kRows * 6)), k_(k), cells_(kRows * width_) {}

  void add(uint32_t key) {
    const auto mark = static_cast<uint16_t>(traffic::scrambled(key * 7919ull + 3));
    uint32_t most = 0;
    for (size_t row = 0; row < kRows; ++row) {
      Cell& cell = cells_[row * width_ + place(key, row, width_)];
      if (cell.count == 0 || cell.mark == mark) {
        cell.mark = mark;
        most = std::max(most, ++cell.count);
      } else if (std::ldexp(static_cast<double>(random_()), -64) <
                     std::pow(1.08, -static_cast<double>(cell.count)) &&
                 --cell.count == 0) {
        cell = {mark, 1};
        most = std::max(most, 1u);
      }
    }
    keep(key, most);
  }
  std::vector<Counted> listed() const { return {top_.begin(), top_.end()}; }

 private:
  static constexpr size_t kRows = 2;
  struct Cell {
    uint16_t mark = 0;
    uint32_t count = 0;
  };
  void keep(uint32_t key, uint32_t count) {
    if (const auto found = top_.find(key); found != top_.end()) {
      found->second = std::max<uint64_t>(found->second, count);
      return;
    }
    if (top_.size() >= k_) {
      if (count <= least_) return;
      const auto smaller = [](const auto& a, const auto& b) { return a.second < b.second; };
      top_.erase(std::min_element(top_.begin(), top_.end(), smaller));
      top_.emplace(key, count);
      least_ = std::min_element(top_.begin(), top_.end(), smaller)->second;
      return;
    }
    top_.emplace(key, count);
  }

  size_t width_, k_;
  uint64_t least_ = 0;  // may lag behind, never ahead
  std::vector<Cell> cells_;
  std::unordered_map<uint32_t, uint64_t> top_;
  std::mt19937_64 random_{1};
};

/// Space-Saving (Metwally et al. 2005), charged 24 bytes an entry.
class SpaceSaving {
 public:
  explicit SpaceSaving(size_t bytes) : capacity_(bytes / 24) {}

  void add(uint32_t key) {
    auto found = where_.find(key);
    if (found == where_.end() && heap_.size() < capacity_) {
      heap_.emplace_back(key, 0);
      found = where_.emplace(key, heap_.size() - 1).first;
      for (size_t at = heap_.size() - 1; at > 0; at = (at - 1) / 2) exchange(at, (at - 1) / 2);
    } else if (found == where_.end()) {
      where_.erase(heap_[0].first);
      heap_[0].first = key;
      found = where_.emplace(key, 0).first;
    }
    ++heap_[found->second].second;
    sink(found->second);
  }
  const std::vector<Counted>& listed() const { return heap_; }

 private:
  void exchange(size_t a, size_t b) {
    std::swap(heap_[a], heap_[b]);
    where_[heap_[a].first] = a;
    where_[heap_[b].first] = b;
  }
  void sink(size_t at) {
    while (true) {
      size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && heap_[child + 1].second < heap_[child].second) ++child;
      if (heap_[at].second <= heap_[child].second) return;
      exchange(at, child);
      at = child;
    }
  }

  size_t capacity_;
  std::vector<Counted> heap_;  // by count, the least in front
  std::unordered_map<uint32_t, size_t> where_;
};

}  // namespace tallytree::peers
