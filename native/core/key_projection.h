// From the keys of one type to those of a coarser one, and back to all that fall together.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "key.h"

namespace tallytree {

/// A coarser type has some of the parts of the finer one, in any order, with equal or shorter prefixes.
class KeyProjection {
 public:
  static constexpr unsigned kUncounted = 64;  ///< dropped_bits() of groups too large to count

  /// Throws std::invalid_argument naming what `coarse` asks for and `fine` does not have.
  KeyProjection(const KeyType& fine, const KeyType& coarse);

  /// The group of a key of the finer type.
  Key apply(const Key& fine) const noexcept;

  /// n: no more than 2^n keys can fall into this group.
  unsigned dropped_bits(const Key& group) const noexcept;
  /// Of the largest group.
  unsigned most_dropped_bits() const noexcept;

  /// All keys that fall into the group; for few dropped bits.
  std::vector<Key> members(const Key& group) const;

 private:
  struct Move {
    size_t from, to, bytes;
    int bits;  // that are kept
  };
  /// For addresses of one family.
  struct Layout {
    size_t fine_length = 0, coarse_length = 0;
    std::vector<Move> moves;
    std::vector<size_t> dropped;  // bits of a fine key's content that the group does not tell
  };

  static Layout layout(const KeyType& fine, const KeyType& coarse, size_t address_bytes);
  const Layout& layout_of_group(const Key& group) const noexcept;

  std::array<Layout, 2> layouts_;  // IPv4, IPv6
  bool folds_families_ = false;
};

}  // namespace tallytree
