// Likely counts: one number between the certain bounds of a ledger's key, for where one is wanted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ledger.h"

namespace tallytree {

/**
 * What a key has in the cold part is what its cell of each row has less what others have there, and the
 * other cells tell how that is spread. So each possible share of the key has a likelihood, and what is said
 * is their mean. Where there are no cells it is a part of what is uncertain, for small counts are more
 * frequent than large ones. The ledger must outlive it and must not change.
 */
class Likely {
 public:
  explicit Likely(const Ledger& ledger);

  /// Never outside the key's interval.
  uint64_t count(const Key& key) const;

 private:
  static constexpr size_t kSteps = 256, kLoads = 4 * kSteps;

  /// How often the others have which load, as sums up to each; what is above the last stands there.
  class Loads {
   public:
    void note(uint64_t load) noexcept { ++upto_[std::min<uint64_t>(load, kLoads - 1)]; }
    void add_up() noexcept;
    /// How many have such a load, by those near it.
    double density(uint64_t load) const noexcept;

   private:
    std::array<double, kLoads> upto_{};
  };

  double hidden(Tag tag, uint64_t most) const;

  const Ledger& ledger_;
  uint64_t unit_;  ///< of loads and shares
  Loads single_;   ///< of cells that are not joined
  Loads joined_;   ///< of neighbours, as if all were joined
};

}  // namespace tallytree
