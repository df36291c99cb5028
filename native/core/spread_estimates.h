// What a spread tells of its owners.
#pragma once

#include <array>
#include <vector>

#include "spread.h"

namespace tallytree {

/// Reads the spread once; it must outlive this and not change.
class SpreadEstimates {
 public:
  explicit SpreadEstimates(const Spread& spread);

  /// Whom the buckets name, once each.
  std::vector<Key> owners() const;

  struct Estimate {
    double keys;    ///< how many distinct ones
    double margin;  ///< two standard errors, and what was taken for the keys of others
  };
  Estimate of(const Key& owner) const;

 private:
  const Spread& spread_;
  std::vector<double> loads_;                 // distinct keys in each bucket
  std::array<double, Spread::kRows> rows_{};  // in each row
};

}  // namespace tallytree
