// How many different keys: an exact set while small, then UltraLogLog.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "siphash.h"
#include "ultra_log_log.h"
#include "zeroed.h"

namespace tallytree {

struct DistinctCount {
  double count = 0;
  double lower = 0;  ///< with upper: the count itself when exact, else the estimate -+ two standard errors
  double upper = 0;
  bool exact = true;
};

/// Fed with keyed 64-bit hashes of keys. Union is idempotent, commutative and associative. One writer.
class Distinct {
 public:
  static constexpr size_t kExact = 4096;  ///< up to here the hashes themselves are kept
  using Registers = UltraLogLog<12>;      ///< 4096 of one byte: 1.2 % standard error
  static constexpr size_t kRegisters = Registers::kRegisters;

  Distinct() : hashes_(kSlots), registers_(kRegisters) {}

  void add(uint64_t hash) noexcept;
  void absorb(const Distinct& other) noexcept;
  /// The same for registers alone: what they stand for is never exact.
  void absorb_registers(std::span<const uint8_t> registers) noexcept;
  std::vector<uint8_t> registers() const { return {registers_.data(), registers_.data() + kRegisters}; }
  void clear() noexcept;

  DistinctCount count() const noexcept;
  bool exact() const noexcept { return !full_; }

  /// The byte form; distinct.cc has the layout. `check` is LedgerSpec::secret_check of the hashes' secret.
  std::vector<uint8_t> encode(uint64_t check) const;
  struct Decoded;
  /// Throws std::invalid_argument for anything that is not exactly one encoded set.
  static Decoded decode(std::span<const uint8_t> bytes);

  static constexpr size_t bytes() noexcept { return kSlots * 8 + kRegisters; }

 private:
  static constexpr size_t kSlots = kExact * 5 / 4;

  void remember(uint64_t hash) noexcept;
  template <typename Visit>
  void each_hash(Visit&& visit) const {
    for (size_t i = 0; size_ > 0 && i < kSlots; ++i)
      if (hashes_[i] != 0) visit(hashes_[i]);
  }

  Zeroed<uint64_t> hashes_;    // open addressing; 0 is empty (a hash of 0 counts as 1)
  Zeroed<uint8_t> registers_;  // kept from the start, so that no key has to wait for the change
  size_t size_ = 0;
  bool full_ = false;
};

struct Distinct::Decoded {
  Distinct set;
  uint64_t check;
};

}  // namespace tallytree
