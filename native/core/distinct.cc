// Distinct: the exact set, the registers, their estimate and byte form.
//
//   u64   length of the whole, these 8 bytes included
//   u32   magic "TTDC", u16 version 1
//   u64   secret check
//   u8    0: exact, then u32 n and n hashes of 8 bytes; 1: registers, 4096 bytes
#include "distinct.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "bytes.h"

namespace tallytree {
namespace {

constexpr uint32_t kMagic = 0x43445454;  // "TTDC"
constexpr uint16_t kVersion = 1;
constexpr unsigned kRanks = 64 - Distinct::kPrecision + 1;  // update values 1..kRanks
/// Standard error of the maximum-likelihood estimate over the root of the registers (Ertl, table 1).
constexpr double kRelativeError = 0.7608;

// A register holds 4 * largest update value + two bits: were the next two smaller values seen too?
// Its wide form has bit v set for every such update value v.
uint64_t widen(uint8_t r) noexcept {
  const unsigned top = r >> 2;
  if (top == 0) return 0;
  const uint64_t three = 4u | (r & 3u);  // top, top - 1, top - 2
  return top >= 2 ? three << (top - 2) : three >> (2 - top);
}

uint8_t narrow(uint64_t seen) noexcept {
  if (seen == 0) return 0;
  const unsigned top = 63 - static_cast<unsigned>(std::countl_zero(seen));
  const uint64_t below = top >= 2 ? (seen >> (top - 2)) & 3 : (seen << (2 - top)) & 3;
  return static_cast<uint8_t>(4 * top + below);
}

/// Chance of update value v in one register by one of the keys that reach it.
double chance(unsigned v) noexcept { return std::ldexp(1.0, -static_cast<int>(std::min(v, kRanks - 1))); }

}  // namespace

void Distinct::add(uint64_t hash) noexcept {
  if (full_) return observe(hash);
  remember(hash == 0 ? 1 : hash);
}

void Distinct::remember(uint64_t hash) noexcept {
  size_t at = hash % kSlots;
  while (hashes_[at] != 0 && hashes_[at] != hash) at = (at + 1) % kSlots;
  if (hashes_[at] == hash) return;
  observe(hash);
  if (size_ < kExact) {
    hashes_[at] = hash;
    ++size_;
  } else {
    full_ = true;
  }
}

void Distinct::observe(uint64_t hash) noexcept {
  uint8_t& r = registers_[hash >> (64 - kPrecision)];
  const uint64_t rest = hash << kPrecision | (uint64_t{1} << (kPrecision - 1));
  const unsigned value = static_cast<unsigned>(std::countl_zero(rest)) + 1;
  r = narrow(widen(r) | (uint64_t{1} << value));
}

void Distinct::absorb(const Distinct& other) noexcept {
  if (!other.full_) return other.each_hash([this](uint64_t hash) { add(hash); });
  absorb_registers({other.registers_.data(), kRegisters});
}

void Distinct::absorb_registers(std::span<const uint8_t> registers) noexcept {
  full_ = true;
  for (size_t i = 0; i < kRegisters; ++i)
    if (registers[i] != registers_[i]) registers_[i] = narrow(widen(registers_[i]) | widen(registers[i]));
}

void Distinct::clear() noexcept {
  if (size_ > 0) std::fill_n(hashes_.data(), kSlots, 0);
  if (size_ > 0 || full_) std::fill_n(registers_.data(), kRegisters, 0);
  size_ = 0;
  full_ = false;
}

/// Maximum likelihood under Poisson arrivals: d/dn of sum(seen ln(1 - e^-nq)) - n sum(unseen q) falls, so
/// bisect.
double Distinct::estimate() const noexcept {
  std::array<double, kRanks + 1> seen{};
  double unseen = 0;
  for (size_t i = 0; i < kRegisters; ++i) {
    const unsigned top = registers_[i] >> 2;
    const uint64_t wide = widen(registers_[i]);
    for (unsigned v = 1; v <= kRanks; ++v) {
      if (v + 2 < top) continue;  // forgotten: it may or may not have come
      if (wide >> v & 1)
        seen[v] += 1;
      else
        unseen += chance(v);
    }
  }
  const auto slope = [&](double n) {
    double sum = -unseen;
    for (unsigned v = 1; v <= kRanks; ++v)
      if (seen[v] > 0) sum += seen[v] * chance(v) / std::expm1(n * chance(v));
    return sum;
  };
  double low = 1e-3, high = 1e18;
  for (int step = 0; step < 120; ++step) {
    const double middle = std::sqrt(low * high);
    (slope(middle) > 0 ? low : high) = middle;
  }
  return low * static_cast<double>(kRegisters);
}

DistinctCount Distinct::count() const noexcept {
  if (!full_) {
    const auto n = static_cast<double>(size_);
    return {n, n, n, true};
  }
  const double n = estimate();
  const double margin = 2 * n * kRelativeError / std::sqrt(static_cast<double>(kRegisters));
  return {std::round(n), std::floor(n - margin), std::ceil(n + margin), false};
}

std::vector<uint8_t> Distinct::encode(uint64_t check) const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(check);
  out.fixed(static_cast<uint8_t>(full_));
  if (full_) {
    out.raw({registers_.data(), kRegisters});
  } else {
    out.fixed(static_cast<uint32_t>(size_));
    each_hash([&](uint64_t hash) { out.fixed(hash); });
  }
  return out.take_framed();
}

Distinct::Decoded Distinct::decode(std::span<const uint8_t> bytes) {
  const auto refuse = [](bool bad) {
    if (bad) throw std::invalid_argument("not an encoded set of distinct keys");
  };
  ByteReader in = ByteReader::framed(bytes);
  refuse(in.fixed<uint32_t>() != kMagic || in.fixed<uint16_t>() != kVersion);
  Decoded decoded;
  decoded.check = in.fixed<uint64_t>();
  const auto mode = in.fixed<uint8_t>();
  refuse(mode > 1);
  Distinct& set = decoded.set;
  if (mode == 1) {
    const auto registers = in.raw(kRegisters);
    refuse(std::any_of(registers.begin(), registers.end(), [](uint8_t r) { return r >> 2 > kRanks; }));
    std::copy(registers.begin(), registers.end(), set.registers_.data());
    set.full_ = true;
  } else {
    const auto count = in.fixed<uint32_t>();
    refuse(count > kExact);
    for (uint32_t i = 0; i < count; ++i) set.add(in.fixed<uint64_t>());
    refuse(set.size_ != count);
  }
  in.expect_end();
  return decoded;
}

}  // namespace tallytree
