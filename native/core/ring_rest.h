// How long a packet ring's reader may sleep.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tallytree {

/// As long as a quarter of the ring takes to fill at the rate of late: who has slept finds its memory gone
/// from the caches, so it should not be often. Owned and used by one thread.
class RingRest {
 public:
  /// `mib`: the ring's size, at least 1.
  explicit RingRest(uint32_t mib) noexcept
      : frames_(kFramesOfQuarterMiB * mib),
        longest_(std::min(kLongest, kLongestOfMiB * mib)),
        rest_(longest_) {}

  /// `frames`: that came since the last rest began.
  std::chrono::microseconds after(size_t frames) noexcept {
    const std::chrono::microseconds wanted =
        rest_ * frames_ / static_cast<int64_t>(std::max<size_t>(frames, 1));
    return rest_ = std::clamp(wanted, kShortest, longest_);
  }

 private:
  static constexpr int64_t kFramesOfQuarterMiB = (1 << 18) / 160;  // small ones
  static constexpr std::chrono::microseconds kShortest{500}, kLongest{24'000};
  // In which 1.3 million frames a second, of 256 bytes of the ring each, fill half a MiB.
  static constexpr std::chrono::microseconds kLongestOfMiB{1'500};

  int64_t frames_;
  std::chrono::microseconds longest_, rest_;
};

}  // namespace tallytree
