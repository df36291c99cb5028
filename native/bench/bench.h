// What the benches of counting have in common: a clock, medians, specifications.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <vector>

#include "core/sketch.h"

namespace tallytree::bench {

/// CPU time of this thread: what other programs take of the core does not count.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Clock, duration>;
  static time_point now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + duration(time.tv_nsec));
  }
};

inline constexpr size_t kPackets = 2'000'000;
inline constexpr Secret kSecret{0x1234567, 0x89abcdef};

inline double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

inline LedgerSpec spec_of(const char* type) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  spec.secret = kSecret;
  return spec;
}

/// Counting by whole sketches: by flows, counters and options, over windows and gaps. Medians of so many
/// runs.
void bench_sketches(int runs);

}  // namespace tallytree::bench
