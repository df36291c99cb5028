// How large flows are: a histogram of a ledger's counts over powers of two.
#pragma once

#include <cstdint>
#include <vector>

#include "distinct.h"
#include "ledger.h"

namespace tallytree {

struct SizeClass {
  uint64_t from = 0, to = 0;  ///< counts, both included: 2^i and 2^(i+1) - 1
  uint64_t flows = 0;
  uint64_t exact = 0;  ///< those of them whose bounds both lie in the class
};

struct FlowSizes {
  std::vector<SizeClass> classes;  ///< ascending, from the first that has flows to the last
  uint64_t flows = 0;              ///< of all classes
  uint64_t estimated = 0;          ///< flows without an entry, placed by an estimate
  bool by_cells = false;           ///< whether that estimate looked at the cold part's cells
};

/**
 * Keys with an entry go where their lower bound is. What `distinct` says of further keys is an estimate: they
 * have the sizes that are most likely by the cold part's cells (cold_sizes.h). Where cells do not tell them,
 * they share spilled() by the power law over [1, floor] (no key without an entry exceeds the floor) whose
 * mean is theirs. Their sizes are not certain in any class.
 */
FlowSizes flow_sizes(const Ledger& ledger, const DistinctCount& distinct);

}  // namespace tallytree
