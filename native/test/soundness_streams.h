// The streams of the soundness program: skewed, bursty, late, churning, colliding, mixed IPv4 and IPv6.
#pragma once

#include <random>
#include <vector>

#include "core/ledger.h"

namespace tallytree::soundness {

struct Hashed {
  Key key;
  uint64_t hash;
};

/// Updates as indices into `keys`.
struct Stream {
  const char* name = "";
  std::vector<Hashed> keys;
  std::vector<Hashed> unseen;
  std::vector<uint32_t> numbers;
  bool bytes = false;  ///< amounts of 40 to 1500, else 1
};

inline constexpr Secret kSecret{0x0123456789abcdef, 0xfedcba9876543210};

/// Rounds take turns through the kinds; the more hosts, the fewer keys.
Stream random_stream(uint64_t round, size_t hosts, std::mt19937_64& random);

LedgerSpec random_spec(const Stream& stream, std::mt19937_64& random);

}  // namespace tallytree::soundness
