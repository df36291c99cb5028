// The entropy of a ledger's key distribution: certain bounds, and a point between them.
#pragma once

#include "distinct.h"
#include "ledger.h"

namespace tallytree {

/// In bits.
struct Entropy {
  double value = 0;  ///< with what is in the cold part spread evenly over the keys that have no entry
  double lower = 0;
  double upper = 0;
  double normalised = 0;  ///< value / log2 of the number of keys, within [0, 1]; 0 for fewer than two
  bool exact = true;      ///< up to rounding
};

/**
 * Shannon's H = log2 N - (sum of f log2 f) / N over the keys' counts f. An entry's f lies in its interval,
 * any other key's in [1, floor], and together they have spilled() more than the entries' lower bounds.
 *
 * As f log2 f is convex, H is largest with that weight spread as thin as it can be: poured into the lowest
 * counts up to a common level, over as many unlisted keys as there can be (spilled() of them, fewer when
 * `distinct` is exact). It is smallest with the weight packed where it adds most for its weight: each
 * entry filled to its upper bound, other keys to the floor, by falling slope of the chord; the chord lies
 * above a convex function, so the last, partial filling only lowers the bound.
 */
Entropy entropy_of(const Ledger& ledger, const DistinctCount& distinct);

}  // namespace tallytree
