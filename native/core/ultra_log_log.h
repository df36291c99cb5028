// UltraLogLog (Ertl, "UltraLogLog", PVLDB 17, 2024): how many different hashes were seen, by a byte a
// register.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tallytree {

/**
 * Works on 2^precision registers that somebody else keeps; zeros are the empty set. Union is idempotent,
 * commutative and associative. A register holds 4 * largest update value + two bits: were the next two
 * smaller values seen too?
 */
class UltraLogLog {
 public:
  constexpr explicit UltraLogLog(unsigned precision) noexcept : precision_(precision) {}

  constexpr unsigned precision() const noexcept { return precision_; }
  constexpr size_t size() const noexcept { return size_t{1} << precision_; }

  /// Standard error of the maximum-likelihood estimate, relative (Ertl, table 1).
  double relative_error() const noexcept { return 0.7608 / std::sqrt(static_cast<double>(size())); }

  void prefetch(const uint8_t* registers, uint64_t hash) const noexcept {
    __builtin_prefetch(registers + (hash >> (64 - precision_)), 1);
  }
  void observe(uint8_t* registers, uint64_t hash) const noexcept {
    uint8_t& r = registers[hash >> (64 - precision_)];
    const unsigned value = value_of(hash);
    if (value + 2 < r >> 2) return;  // a register does not tell of it
    r = narrow(widen(r) | (uint64_t{1} << value));
  }

  /// Whether that hash may be among those that were observed.
  bool may_hold(const uint8_t* registers, uint64_t hash) const noexcept {
    const uint8_t r = registers[hash >> (64 - precision_)];
    const unsigned value = value_of(hash);
    return value + 2 < r >> 2 || (widen(r) >> value & 1) != 0;
  }

  void absorb(uint8_t* registers, const uint8_t* other) const noexcept {
    for (size_t i = 0; i < size(); ++i)
      if (other[i] != registers[i]) registers[i] = narrow(widen(registers[i]) | widen(other[i]));
  }

  /// False for what no hashes leave behind.
  bool valid(std::span<const uint8_t> registers) const noexcept {
    return std::ranges::none_of(registers, [this](uint8_t r) { return r >> 2u > ranks(); });
  }

  /// Maximum likelihood under Poisson arrivals: d/dn of sum(seen ln(1 - e^-nq)) - n sum(unseen q) falls, so
  /// bisect.
  double estimate(const uint8_t* values) const noexcept {
    Ranks seen{};
    double unseen = 0;
    for (size_t i = 0; i < size(); ++i) count(values[i], seen, unseen);
    const auto slope = [&](double n) {
      double sum = -unseen;
      for (unsigned v = 1; v <= ranks(); ++v)
        if (seen[v] > 0) sum += seen[v] * chance(v) / std::expm1(n * chance(v));
      return sum;
    };
    double low = 1e-3, high = 1e18;
    while (high > low * (1 + 1e-12)) {
      const double middle = std::sqrt(low * high);
      (slope(middle) > 0 ? low : high) = middle;
    }
    return low * static_cast<double>(size());
  }

 private:
  /// By update value, 1 to ranks().
  using Ranks = std::array<double, 65>;

  unsigned ranks() const noexcept { return 64 - precision_ + 1; }

  /// The update value: where the first bit stands behind those that choose the register.
  unsigned value_of(uint64_t hash) const noexcept {
    const uint64_t rest = hash << precision_ | (uint64_t{1} << (precision_ - 1));
    return static_cast<unsigned>(std::countl_zero(rest)) + 1;
  }

  /// Has bit v set for every update value v that the register tells of.
  static uint64_t widen(uint8_t r) noexcept {
    const unsigned top = r >> 2;
    if (top == 0) return 0;
    const uint64_t three = 4u | (r & 3u);  // top, top - 1, top - 2
    return top >= 2 ? three << (top - 2) : three >> (2 - top);
  }

  static uint8_t narrow(uint64_t seen) noexcept {
    if (seen == 0) return 0;
    const unsigned top = 63 - static_cast<unsigned>(std::countl_zero(seen));
    const uint64_t below = top >= 2 ? (seen >> (top - 2)) & 3 : (seen << (2 - top)) & 3;
    return static_cast<uint8_t>(4 * top + below);
  }

  void count(uint8_t r, Ranks& seen, double& unseen) const noexcept {
    const unsigned top = r >> 2;
    const uint64_t wide = widen(r);
    for (unsigned v = 1; v <= ranks(); ++v) {
      if (v + 2 < top) continue;  // forgotten: it may or may not have come
      if (wide >> v & 1)
        seen[v] += 1;
      else
        unseen += chance(v);
    }
  }

  /// Of update value v in one register by one of the keys that reach it.
  double chance(unsigned v) const noexcept {
    return std::ldexp(1.0, -static_cast<int>(std::min(v, ranks() - 1)));
  }

  unsigned precision_;
};

}  // namespace tallytree
