// How densely packets come.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tallytree {

/// Owned and used by one thread.
class Pace {
 public:
  /// After each read: how many packets it gave, and the time of a steady clock.
  void note(size_t packets, uint64_t now_ns) noexcept {
    if (packets == 0) {
      *this = {};
      return;
    }
    if (packets_ == 0) since_ns_ = now_ns;
    packets_ += packets;
    if (packets_ < kLooked) return;
    apart_ns_ = (now_ns - since_ns_) / packets_;
    dense_ = apart_ns_ < kDenseNs;
    packets_ = 0;
  }

  /// While packets come densely, until a read is empty, how long some of them take to gather; else nothing.
  std::chrono::nanoseconds gathering() const noexcept {
    return std::chrono::nanoseconds(dense_ ? std::clamp(kGathered * apart_ns_, kShortestNs, kLongestNs) : 0);
  }

 private:
  static constexpr size_t kLooked = 64;
  static constexpr uint64_t kDenseNs = 15'000;  ///< from one packet to the next, on average
  static constexpr uint64_t kGathered = 32;
  static constexpr uint64_t kShortestNs = 60'000;
  static constexpr uint64_t kLongestNs = 200'000;  ///< for it delays them

  size_t packets_ = 0;
  uint64_t since_ns_ = 0;
  uint64_t apart_ns_ = 0;
  bool dense_ = false;
};

}  // namespace tallytree
