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

/**
 * Fed with keyed 64-bit hashes of keys. Union is idempotent, commutative and associative; its precision says
 * how far off it may be once there are too many keys, and only sets of one precision have a union. One
 * writer.
 */
class Distinct {
 public:
  static constexpr size_t kExact = 4096;  ///< up to here the hashes themselves are kept

  // 2^precision registers of one byte, of which the standard error is 2.4, 1.2 and 0.3 %.
  static constexpr unsigned kLeastPrecision = 10;
  static constexpr unsigned kPrecision = 12;
  static constexpr unsigned kMostPrecision = 16;

  explicit Distinct(unsigned precision = kPrecision)
      : beyond_(precision), hashes_(kSlots), registers_(beyond_.size()) {}

  unsigned precision() const noexcept { return beyond_.precision(); }
  /// The least with at most this relative standard error. Throws std::invalid_argument when there is none.
  static unsigned precision_for(double error);

  /// Asks the processor for what add() reads.
  void prefetch(uint64_t hash) const noexcept { beyond_.prefetch(registers_.data(), hash); }
  void add(uint64_t hash) noexcept;
  /// Throws Incompatible when the precisions differ.
  void absorb(const Distinct& other);
  /// The same for registers alone: what they stand for is never exact.
  void absorb_registers(std::span<const uint8_t> registers);
  std::vector<uint8_t> registers() const {
    return {registers_.data(), registers_.data() + registers_.size()};
  }
  void clear() noexcept;

  DistinctCount count() const noexcept;
  bool exact() const noexcept { return !full_; }

  /// The byte form; distinct.cc has the layout. `check` is LedgerSpec::secret_check of the hashes' secret.
  std::vector<uint8_t> encode(uint64_t check) const;
  struct Decoded;
  /// Throws std::invalid_argument for anything that is not exactly one encoded set.
  static Decoded decode(std::span<const uint8_t> bytes);

  static constexpr size_t bytes(unsigned precision) noexcept {
    return kSlots * 8 + UltraLogLog(precision).size();
  }

 private:
  static constexpr size_t kSlots = kExact * 5 / 4;

  void remember(uint64_t hash) noexcept;
  template <typename Visit>
  void each_hash(Visit&& visit) const {
    for (size_t i = 0; size_ > 0 && i < kSlots; ++i)
      if (hashes_[i] != 0) visit(hashes_[i]);
  }

  UltraLogLog beyond_;
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
