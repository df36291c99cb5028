// Synthetic traffic with fixed seeds for the benches and the soundness program: Zipf ranks and packets of
// flows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "core/packet.h"

namespace tallytree::traffic {

/// Draws ranks 0..n-1 with probability proportional to 1 / (rank + 1 + q)^alpha (Zipf-Mandelbrot; q = 0:
/// Zipf).
class Zipf {
 public:
  Zipf(size_t n, double alpha, double q = 0) : shares_(n) {
    for (size_t i = 0; i < n; ++i) shares_[i] = std::pow(static_cast<double>(i) + 1 + q, -alpha);
    std::partial_sum(shares_.begin(), shares_.end(), shares_.begin());
  }

  uint32_t operator()(std::mt19937_64& random) const {
    const double u = std::uniform_real_distribution<>(0, shares_.back())(random);
    const auto found = std::lower_bound(shares_.begin(), shares_.end(), u);
    return static_cast<uint32_t>(
        std::min<ptrdiff_t>(found - shares_.begin(), static_cast<ptrdiff_t>(shares_.size()) - 1));
  }

 private:
  std::vector<double> shares_;  // cumulative
};

/// `count` ranks drawn one after the other.
inline std::vector<uint32_t> zipf_trace(size_t count, const Zipf& zipf, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint32_t> trace(count);
  for (uint32_t& rank : trace) rank = zipf(random);
  return trace;
}

/// A bijection on 64 bits that leaves no pattern (the finaliser of SplitMix64, Steele et al. 2014).
inline uint64_t scrambled(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A TCP packet of flow `number`: unlike flows have unlike source addresses (up to 2^32 of them).
inline Packet packet_of(uint32_t number) {
  Packet packet;
  const uint64_t mixed = scrambled(number + 1);
  const uint32_t source = number * 2654435761u;
  const auto put = [](Address& to, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
  };
  put(packet.src, source);
  put(packet.dst, static_cast<uint32_t>(mixed));
  packet.sport = static_cast<uint16_t>(mixed >> 32);
  packet.dport = static_cast<uint16_t>(mixed >> 48);
  packet.proto = 6;
  packet.has_ports = true;
  packet.bytes = 64 + mixed % 1400;
  return packet;
}

}  // namespace tallytree::traffic
