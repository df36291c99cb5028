// Fan-outs: how many different keys of a ledger each key of a coarser type owns.
#pragma once

#include <vector>

#include "ledger.h"
#include "spread.h"

namespace tallytree {

struct FanOut {
  Key owner;
  double keys;
  double lower;
  double upper;
};

struct FanOuts {
  std::vector<FanOut> owners;  ///< by falling number of keys, ties by key bytes
  bool exact;                  ///< then each `lower` is its `upper`, and nobody is missing
};

/**
 * While the ledger is exact its entries are all the keys, and the fan-outs are exact. After that an owner has
 * at least its entries, and at most as many more as weight was spilled, for each key has a weight of at least
 * 1; those bounds are certain. A spread of the same keys (of any time that holds the ledger's) narrows them
 * to estimates -+ two standard errors and names owners that have no entries. Throws std::invalid_argument
 * when `by` is not coarser, or the spread is of other keys.
 */
FanOuts fan_outs(const Ledger& ledger, const KeyType& by, const Spread* spread);

/// Adds the entries of a ledger.
void add_entries(Spread& spread, const Ledger& ledger);

}  // namespace tallytree
