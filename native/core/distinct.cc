// Distinct: the exact set, the registers, their estimate and byte form.
//
//   u64   length of the whole, these 8 bytes included
//   u32   magic "TTDC", u16 version 2
//   u64   secret check
//   u8    precision p
//   u8    0: exact, then u32 n and n hashes of 8 bytes; 1: registers, 2^p bytes
#include "distinct.h"

#include <algorithm>
#include <cmath>

#include "bytes.h"
#include "errors.h"

namespace tallytree {
namespace {

constexpr uint32_t kMagic = 0x43445454;  // "TTDC"
constexpr uint16_t kVersion = 2;

}  // namespace

unsigned Distinct::precision_for(double error) {
  for (unsigned precision = kLeastPrecision; precision <= kMostPrecision; ++precision)
    if (UltraLogLog(precision).relative_error() <= error) return precision;
  throw std::invalid_argument("no set of distinct keys is as precise as that");
}

void Distinct::add(uint64_t hash) noexcept {
  if (full_) return beyond_.observe(registers_.data(), hash);
  remember(hash == 0 ? 1 : hash);
}

void Distinct::remember(uint64_t hash) noexcept {
  size_t at = hash % kSlots;
  while (hashes_[at] != 0 && hashes_[at] != hash) at = (at + 1) % kSlots;
  if (hashes_[at] == hash) return;
  beyond_.observe(registers_.data(), hash);
  if (size_ < kExact) {
    hashes_[at] = hash;
    ++size_;
  } else {
    full_ = true;
  }
}

void Distinct::absorb(const Distinct& other) {
  if (other.precision() != precision()) throw Incompatible("distinct sets of unlike precision have no union");
  if (!other.full_) return other.each_hash([this](uint64_t hash) { add(hash); });
  absorb_registers({other.registers_.data(), other.registers_.size()});
}

void Distinct::absorb_registers(std::span<const uint8_t> registers) {
  if (registers.size() != beyond_.size())
    throw Incompatible("distinct sets of unlike precision have no union");
  full_ = true;
  beyond_.absorb(registers_.data(), registers.data());
}

void Distinct::clear() noexcept {
  if (size_ > 0) std::fill_n(hashes_.data(), kSlots, 0);
  if (size_ > 0 || full_) std::fill_n(registers_.data(), registers_.size(), 0);
  size_ = 0;
  full_ = false;
}

DistinctCount Distinct::count() const noexcept {
  if (!full_) {
    const auto n = static_cast<double>(size_);
    return {n, n, n, true};
  }
  const double n = beyond_.estimate(registers_.data());
  const double margin = 2 * n * beyond_.relative_error();
  return {std::round(n), std::floor(n - margin), std::ceil(n + margin), false};
}

std::vector<uint8_t> Distinct::encode(uint64_t check) const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(check);
  out.fixed(static_cast<uint8_t>(precision()));
  out.fixed(static_cast<uint8_t>(full_));
  if (full_) {
    out.raw({registers_.data(), registers_.size()});
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
  const auto check = in.fixed<uint64_t>();
  const unsigned precision = in.fixed<uint8_t>();
  refuse(precision < kLeastPrecision || precision > kMostPrecision);
  const auto mode = in.fixed<uint8_t>();
  refuse(mode > 1);
  Decoded decoded{Distinct(precision), check};
  Distinct& set = decoded.set;
  if (mode == 1) {
    const auto registers = in.raw(set.registers_.size());
    refuse(!set.beyond_.valid(registers));
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
