// What the soundness program counts: checks that held and checks that did not.
#pragma once

#include <cstdint>
#include <cstdio>
#include <vector>

#include "soundness_streams.h"

namespace tallytree::soundness {

struct Verdict {
  uint64_t passed = 0;
  uint64_t failed = 0;

  void judge(bool holds, const char* what) {
    ++(holds ? passed : failed);
    if (!holds && failed < 20) std::printf("FAIL %s\n", what);
  }

  /// Every key of the stream, by the exact counts of its numbers, and keys that never came.
  void judge(const Ledger& ledger, const std::vector<uint64_t>& truth, const Stream& stream) {
    const bool exact = ledger.exact();
    uint64_t total = 0;
    for (size_t number = 0; number < truth.size(); ++number) {
      const Interval found = ledger.interval(stream.keys[number].key, stream.keys[number].hash);
      const uint64_t count = truth[number];
      total += count;
      judge(found.lower <= count && count <= found.upper && (!exact || found.lower == found.upper),
            stream.name);
    }
    for (const Hashed& unseen : stream.unseen)
      judge(ledger.interval(unseen.key, unseen.hash).lower == 0, "a key never seen");
    const double bound = static_cast<double>(total) / (0.75 * ledger.spec().capacity);
    judge(total == ledger.total(), "total");
    judge(static_cast<double>(ledger.floor()) <= bound, "floor");
    judge(ledger.keys() <= ledger.spec().capacity, "capacity");
  }
};

/// Counters that count the stream over some minutes, on several hosts, and are asked about seconds and
/// minutes.
void judge_windows(const Stream& stream, std::mt19937_64& random, Verdict& verdict);

}  // namespace tallytree::soundness
