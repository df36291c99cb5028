// Distinct: the exact set, the registers, their estimate and byte form.
//
//   u64   length of the whole, these 8 bytes included
//   u32   magic "TTDC", u16 version 1
//   u64   secret check
//   u8    0: exact, then u32 n and n hashes of 8 bytes; 1: registers, 4096 bytes
#include "distinct.h"

#include <algorithm>
#include <cmath>

#include "bytes.h"

namespace tallytree {
namespace {

constexpr uint32_t kMagic = 0x43445454;  // "TTDC"
constexpr uint16_t kVersion = 1;
}  // namespace

void Distinct::add(uint64_t hash) noexcept {
  if (full_) return Registers::observe(registers_.data(), hash);
  remember(hash == 0 ? 1 : hash);
}

void Distinct::remember(uint64_t hash) noexcept {
  size_t at = hash % kSlots;
  while (hashes_[at] != 0 && hashes_[at] != hash) at = (at + 1) % kSlots;
  if (hashes_[at] == hash) return;
  Registers::observe(registers_.data(), hash);
  if (size_ < kExact) {
    hashes_[at] = hash;
    ++size_;
  } else {
    full_ = true;
  }
}

void Distinct::absorb(const Distinct& other) noexcept {
  if (!other.full_) return other.each_hash([this](uint64_t hash) { add(hash); });
  absorb_registers({other.registers_.data(), kRegisters});
}

void Distinct::absorb_registers(std::span<const uint8_t> registers) noexcept {
  full_ = true;
  Registers::absorb(registers_.data(), registers.data());
}

void Distinct::clear() noexcept {
  if (size_ > 0) std::fill_n(hashes_.data(), kSlots, 0);
  if (size_ > 0 || full_) std::fill_n(registers_.data(), kRegisters, 0);
  size_ = 0;
  full_ = false;
}

DistinctCount Distinct::count() const noexcept {
  if (!full_) {
    const auto n = static_cast<double>(size_);
    return {n, n, n, true};
  }
  const double n = Registers::estimate(registers_.data());
  const double margin = 2 * n * Registers::relative_error();
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
    refuse(!Registers::valid(registers));
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
