// The time by both clocks, as numbers.
#pragma once

#include <chrono>
#include <cstdint>

namespace tallytree {

/// Never set, of no meaning but in differences.
inline uint64_t steady_ns() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

/// Since 1970.
inline uint64_t wall_clock_ns() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

/// Since 1970.
inline uint64_t wall_second() noexcept { return wall_clock_ns() / 1'000'000'000; }

}  // namespace tallytree
