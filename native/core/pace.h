// How densely packets come.
#pragma once

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
    dense_ = now_ns - since_ns_ < kDenseNs * packets_;
    packets_ = 0;
  }

  /// True while packets come so densely that a short wait finds several; an empty read ends it.
  bool dense() const noexcept { return dense_; }

 private:
  static constexpr size_t kLooked = 64;
  static constexpr uint64_t kDenseNs = 15'000;  ///< from one packet to the next, on average

  size_t packets_ = 0;
  uint64_t since_ns_ = 0;
  bool dense_ = false;
};

}  // namespace tallytree
