// A ledger read by coarser keys than it counts: sums over all keys that fall together, with certain bounds.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "key_projection.h"
#include "ledger.h"

namespace tallytree {

/**
 * The count of a group is the sum of `since` over its keys with an entry, plus what its keys have in the cold
 * part. All keys together have exactly spilled() there, a single one at most upper - lower of its interval,
 * and at most floor() when it has no entry. So the bounds below hold, and are exact while spilled() is 0.
 * The ledger must outlive its groups and must not change.
 */
class LedgerGroups {
 public:
  /// Throws std::invalid_argument when `coarse` is not coarser than the ledger's own key type.
  LedgerGroups(const Ledger& ledger, const KeyType& coarse);

  const KeyType& type() const noexcept { return type_; }

  /// No group that entries() does not list exceeds it.
  uint64_t floor() const noexcept;

  Interval interval(const Key& group) const;

  /// Groups whose upper bound exceeds `above`, by falling lower bound, ties by key bytes.
  std::vector<Ledger::Entry> entries(uint64_t above = 0) const;

 private:
  /// What the entries of a group's keys tell.
  struct Sum {
    uint64_t since = 0;
    uint64_t hidden = 0;  // in the cold part, at most
    uint64_t entries = 0;
  };
  struct Hash {
    Secret secret;
    size_t operator()(const Key& key) const noexcept { return key.hash(secret); }
  };

  uint64_t most_hidden(const Key& group, const Sum& sum) const;
  uint64_t hidden_in_each(const Key& group) const;

  const Ledger& ledger_;
  KeyType type_;
  KeyProjection projection_;
  std::unordered_map<Key, Sum, Hash> sums_;
};

}  // namespace tallytree
